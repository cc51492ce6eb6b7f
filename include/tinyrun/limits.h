/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits - what is asked of a container's cgroup: plain data, filled by spec/ and written by
 * cgroup/.
 *
 * Values are the configuration's (cgroup v1 words); cgroup/convert turns them into v2 files.
 * Strings are borrowed from whoever filled the structure.
 */
#ifndef TINYRUN_LIMITS_H
#define TINYRUN_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An integer that may be absent. */
struct opt_i64 {
	bool set;
	int64_t value;
};

struct opt_u64 {
	bool set;
	uint64_t value;
};

/* One rule of linux.resources.devices. */
struct limits_device {
	bool allow;
	char type;                   /* 'a', 'b', 'c' */
	struct opt_i64 major, minor; /* not set, or -1: any */
	bool read, write, mknod;
};

/* One member of linux.resources.unified. */
struct limits_unified {
	const char *file, *value;
};

/* A block device and its share, or its limit. */
struct limits_io_weight {
	uint32_t major, minor;
	uint16_t weight; /* 10 to 1000 */
};

enum limits_io_kind {
	LIMITS_IO_READ_BYTES,
	LIMITS_IO_WRITE_BYTES,
	LIMITS_IO_READ_OPS,
	LIMITS_IO_WRITE_OPS,
	LIMITS_IO_MAX
};

struct limits_io_rate {
	enum limits_io_kind kind;
	uint32_t major, minor;
	uint64_t rate; /* a second; 0: no limit */
};

struct limits_hugepages {
	const char *page_size; /* "2MB" */
	uint64_t limit;        /* bytes */
};

struct limits_rdma {
	const char *device;
	struct opt_u64 handles, objects; /* one at least */
};

struct limits {
	struct opt_i64 memory_limit, memory_reservation, memory_swap; /* bytes, -1 no limit */
	bool memory_check_before_update;
	struct opt_u64 cpu_shares;
	struct opt_i64 cpu_quota;             /* microseconds, <= 0 no limit */
	struct opt_u64 cpu_period, cpu_burst; /* microseconds */
	struct opt_i64 cpu_idle;
	const char *cpuset_cpus, *cpuset_mems; /* NULL when absent */
	struct opt_i64 pids_limit;
	struct opt_u64 io_weight; /* 10 to 1000 */
	struct limits_io_weight *io_weights;
	size_t n_io_weights;
	struct limits_io_rate *io_rates;
	size_t n_io_rates;
	struct limits_hugepages *hugepages;
	size_t n_hugepages;
	struct limits_rdma *rdma;
	size_t n_rdma;
	struct limits_device *devices;
	size_t n_devices;
	struct limits_unified *unified;
	size_t n_unified;
};

#endif
