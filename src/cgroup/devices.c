/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devices - puts the device filter on a cgroup: load, attach, take off what was there before.
 *
 * Several filters on one cgroup all have to agree, and the kernel holds 64. A cgroup that is used
 * again still has the one of its last container, so what hangs on the directory itself goes once
 * the new one holds; what hangs on the cgroups above stays in force.
 */
#include "tinyrun/cgroup.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup/internal.h"
#include "tinyrun/fd.h"
#include "tinyrun/log.h"
#include "tinyrun/proc.h"
#include "tinyrun/sys.h"

#define PROGRAMS_MAX 64 /* of one cgroup: BPF_CGROUP_MAX_PROGS */
#define LOAD_TRIES   5  /* a signal makes the verifier give up with EAGAIN */
#define LOG_SIZE     (64u << 10)

static uint64_t address_of(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static int load(const struct bpf_insn *insns, size_t n, char *log, size_t log_size)
{
	union bpf_attr attr;
	int fd, tries = 0;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = address_of(insns);
	attr.insn_cnt = (__u32)n;
	attr.license = address_of("Apache-2.0");
	attr.log_level = log ? 1 : 0;
	attr.log_size = (__u32)log_size;
	attr.log_buf = address_of(log);
	memcpy(attr.prog_name, "tinyrun_devices", sizeof("tinyrun_devices"));
	do
		fd = sys_bpf(BPF_PROG_LOAD, &attr, sizeof(attr));
	while (fd < 0 && errno == EAGAIN && ++tries < LOAD_TRIES);
	return fd;
}

/* The last line that says anything of the verifier's log. */
static const char *last_words(char *log)
{
	char *line = log, *save = NULL;

	for (char *at = strtok_r(log, "\n", &save); at; at = strtok_r(NULL, "\n", &save))
		if (strncmp(at, "processed ", strlen("processed ")) != 0)
			line = at;
	return line;
}

/* The verifier writes its log only on a second try: it is slower, and nobody reads it. */
static int load_filter(const struct bpf_insn *insns, size_t n, int *ret_fd, struct err *e)
{
	auto_fd int fd = load(insns, n, NULL, 0);
	auto_free char *log = NULL;
	int why = errno;

	if (fd < 0 && why != EPERM)
		log = calloc(1, LOG_SIZE);
	if (log) {
		fd = load(insns, n, log, LOG_SIZE - 1);
		why = errno;
	}
	if (fd < 0 && log && *log)
		return err_num(e, why, "load the device filter (%s)", last_words(log));
	if (fd < 0)
		return err_num(e, why, "load the device filter");
	*ret_fd = fd_take(&fd);
	return 0;
}

/* Ids of the filters on the cgroup itself. A kernel that cannot tell has none of ours. */
static size_t attached(int cgroup_fd, uint32_t ids[PROGRAMS_MAX])
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (__u32)cgroup_fd;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = address_of(ids);
	attr.query.prog_cnt = PROGRAMS_MAX;
	if (sys_bpf(BPF_PROG_QUERY, &attr, sizeof(attr)) < 0)
		return 0;
	return attr.query.prog_cnt < PROGRAMS_MAX ? attr.query.prog_cnt : PROGRAMS_MAX;
}

static int detach(int cgroup_fd, uint32_t id, struct err *e)
{
	union bpf_attr attr;
	auto_fd int fd = -1;

	memset(&attr, 0, sizeof(attr));
	attr.prog_id = id;
	fd = sys_bpf(BPF_PROG_GET_FD_BY_ID, &attr, sizeof(attr));
	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open the old device filter");
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (__u32)cgroup_fd;
	attr.attach_bpf_fd = (__u32)fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	if (sys_bpf(BPF_PROG_DETACH, &attr, sizeof(attr)) < 0 && errno != ENOENT)
		return err_sys(e, "take off the old device filter");
	return 0;
}

static int attach(int cgroup_fd, int program_fd, struct err *e)
{
	uint32_t old[PROGRAMS_MAX];
	size_t n_old = attached(cgroup_fd, old);
	union bpf_attr attr;
	int r = 0;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (__u32)cgroup_fd;
	attr.attach_bpf_fd = (__u32)program_fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (sys_bpf(BPF_PROG_ATTACH, &attr, sizeof(attr)) < 0)
		return err_sys(e, "attach the device filter");
	for (size_t i = 0; i < n_old && r == 0; i++)
		r = detach(cgroup_fd, old[i], e);
	return r;
}

int cgroup_device_attach(int cgroup_fd, const struct limits_device *rules, size_t n, struct err *e)
{
	auto_free struct bpf_insn *insns = NULL;
	auto_fd int program_fd = -1;
	size_t n_insns;
	int r = cgroup_device_program(rules, n, &insns, &n_insns, e);

	if (r == 0)
		r = load_filter(insns, n_insns, &program_fd, e);
	return r < 0 ? r : attach(cgroup_fd, program_fd, e);
}

/* True for an ordinary user and for root of a user namespace: a filter takes rights outside of it.
 */
static bool is_rootless(void)
{
	struct err ignored = ERR_INIT;
	char map[64];
	unsigned inside, outside, length;
	int proc = proc_fd(&ignored);

	if (geteuid() != 0)
		return true;
	if (proc < 0 || cgroup_file_read(proc, "self/uid_map", map, sizeof(map), &ignored) != 0)
		return false;
	return sscanf(map, "%u %u %u", &inside, &outside, &length) != 3 || inside != 0 ||
	       outside != 0 || length != UINT32_MAX;
}

int cgroup_device_filter(int cgroup_fd, const struct limits *limits, struct err *e)
{
	struct err refused = ERR_INIT;
	int r = cgroup_device_attach(cgroup_fd, limits ? limits->devices : NULL,
				     limits ? limits->n_devices : 0, &refused);

	if (r == -EPERM && is_rootless()) {
		log_debug("no device filter: only root of the host may load one");
		return 0;
	}
	if (r < 0)
		*e = refused;
	return r;
}
