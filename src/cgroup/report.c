/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report - what a cgroup has used, as the JSON that clients of `events` know from runc.
 *
 * The members have the names and the senses of cgroup v1: nanoseconds, swap as memory and swap
 * together, no limit as the greatest number (of processes: as 0). What a controller does not say
 * here (not enabled, an older kernel) is left out, or 0 or empty where the member has to be there;
 * so are the lists of what no cgroup v2 counts, as the time on each processor.
 */
#include "tinyrun/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup/internal.h"
#include "tinyrun/fd.h"
#include "tinyrun/str.h"

#define FILE_MAX ((size_t)1 << 20)

/* The first failure is kept, and everything after it does nothing. */
struct report {
	int cgroup_fd;
	struct buf *out;
	int failed;
	struct err *e;
};

/* The text of a file, on the heap, "" when it is not there. NULL after a failure. */
static char *text_of(struct report *r, const char *file)
{
	struct err failed = ERR_INIT;
	auto_fd int fd = -1;
	char *text = NULL;
	size_t len;
	int code;

	if (r->failed)
		return NULL;
	fd = openat(r->cgroup_fd, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT)
		r->failed = err_sys(r->e, "open %s", file);
	if (fd < 0)
		return r->failed ? NULL : strdup("");
	code = fd_read_all(fd, FILE_MAX, file, &text, &len, &failed);
	if (code == -ENODEV || code == -EOPNOTSUPP) /* it is gone, or switched off (pressure) */
		return strdup("");
	if (code < 0) {
		*r->e = failed;
		r->failed = code;
	}
	return text;
}

/* The number in a file: UINT64_MAX for "max", @otherwise when it has none. */
static uint64_t number_in(struct report *r, const char *file, uint64_t otherwise)
{
	auto_free char *text = text_of(r, file);
	uint64_t value = otherwise;

	if (!text)
		return otherwise;
	text[strcspn(text, "\n")] = '\0';
	if (strcmp(text, "max") == 0)
		return UINT64_MAX;
	(void)str_to_u64(text, UINT64_MAX, &value); /* else as it was */
	return value;
}

static uint64_t key_in(const char *text, const char *key)
{
	uint64_t value = 0;

	if (text)
		(void)cgroup_file_key(text, key, &value); /* else 0 */
	return value;
}

/* --- pressure --- */

static void add_pressure_line(struct buf *out, const char *name, const char *text, const char **gap)
{
	double avg10, avg60, avg300;
	unsigned long long total;
	const char *line = strstr(text, name);

	if (!line || sscanf(line + strlen(name), " avg10=%lf avg60=%lf avg300=%lf total=%llu",
			    &avg10, &avg60, &avg300, &total) != 4)
		return;
	buf_addf(out, "%s\"%s\":{\"avg10\":%.2f,\"avg60\":%.2f,\"avg300\":%.2f,\"total\":%llu}",
		 *gap, name, avg10, avg60, avg300, total);
	*gap = ",";
}

static void add_pressure(struct report *r, const char *file)
{
	auto_free char *text = text_of(r, file);
	const char *gap = "";

	if (!text || !*text)
		return;
	buf_add_str(r->out, ",\"psi\":{");
	add_pressure_line(r->out, "some", text, &gap);
	add_pressure_line(r->out, "full", text, &gap);
	buf_add_char(r->out, '}');
}

/* --- cpu --- */

static void add_cpu(struct report *r)
{
	auto_free char *stat = text_of(r, "cpu.stat");

	buf_addf(r->out,
		 "\"cpu\":{\"usage\":{\"total\":%" PRIu64 ",\"kernel\":%" PRIu64
		 ",\"user\":%" PRIu64 ",\"percpu\":[],\"percpu_kernel\":[],\"percpu_user\":[]}",
		 key_in(stat, "usage_usec") * 1000, key_in(stat, "system_usec") * 1000,
		 key_in(stat, "user_usec") * 1000);
	buf_addf(r->out,
		 ",\"throttling\":{\"periods\":%" PRIu64 ",\"throttledPeriods\":%" PRIu64
		 ",\"throttledTime\":%" PRIu64 "}",
		 key_in(stat, "nr_periods"), key_in(stat, "nr_throttled"),
		 key_in(stat, "throttled_usec") * 1000);
	add_pressure(r, "cpu.pressure");
	buf_add_char(r->out, '}');
}

/* "0-2,7" as numbers one by one. */
static void add_numbers(struct report *r, const char *file)
{
	auto_free char *text = text_of(r, file);
	const char *gap = "";

	for (char *at = text; at && *at >= '0' && *at <= '9';) {
		unsigned long from = strtoul(at, &at, 10);
		unsigned long to = *at == '-' ? strtoul(at + 1, &at, 10) : from;

		for (; from <= to && to <= UINT16_MAX; from++) {
			buf_addf(r->out, "%s%lu", gap, from);
			gap = ",";
		}
		at += *at == ',';
	}
}

static void add_cpuset(struct report *r)
{
	buf_add_str(r->out, ",\"cpuset\":{\"cpus\":[");
	add_numbers(r, "cpuset.cpus.effective");
	buf_add_str(r->out, "],\"mems\":[");
	add_numbers(r, "cpuset.mems.effective");
	buf_add_str(r->out, "],\"cpu_exclusive\":0,\"mem_hardwall\":0,\"mem_exclusive\":0,"
			    "\"memory_migrate\":0,\"memory_spread_page\":0,"
			    "\"memory_spread_slab\":0,\"memory_pressure\":0,"
			    "\"sched_load_balance\":0,\"sched_relax_domain_level\":0}");
}

/* --- memory --- */

struct memory {
	uint64_t limit, usage, max, failures;
};

static void add_entry(struct report *r, const char *name, const struct memory *m)
{
	buf_addf(r->out,
		 ",\"%s\":{\"limit\":%" PRIu64 ",\"usage\":%" PRIu64 ",\"max\":%" PRIu64
		 ",\"failcnt\":%" PRIu64 "}",
		 name, m->limit, m->usage, m->max, m->failures);
}

static void add_raw(struct report *r, const char *stat)
{
	const char *gap = "";

	buf_add_str(r->out, ",\"raw\":{");
	for (const char *line = stat; line && *line; line += line[strcspn(line, "\n")] ? 1 : 0) {
		char name[64];
		uint64_t value;

		if (sscanf(line, "%63[a-z0-9_] %" SCNu64, name, &value) == 2) {
			buf_addf(r->out, "%s\"%s\":%" PRIu64, gap, name, value);
			gap = ",";
		}
		line += strcspn(line, "\n");
	}
	buf_add_char(r->out, '}');
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static void add_memory(struct report *r)
{
	auto_free char *stat = text_of(r, "memory.stat");
	auto_free char *events = text_of(r, "memory.events");
	struct memory memory = {.limit = number_in(r, "memory.max", 0),
				.usage = number_in(r, "memory.current", 0),
				.max = number_in(r, "memory.peak", 0),
				.failures = key_in(events, "max")};
	struct memory swap = {.limit = sum(memory.limit, number_in(r, "memory.swap.max", 0)),
			      .usage = sum(memory.usage, number_in(r, "memory.swap.current", 0))};
	struct memory kernel = {.usage = key_in(stat, "kernel")}, tcp = {.usage = 0};

	buf_addf(r->out, ",\"memory\":{\"cache\":%" PRIu64, key_in(stat, "file"));
	add_entry(r, "usage", &memory);
	add_entry(r, "swap", &swap);
	add_entry(r, "kernel", &kernel);
	add_entry(r, "kernelTCP", &tcp);
	add_raw(r, stat);
	add_pressure(r, "memory.pressure");
	buf_add_char(r->out, '}');
}

static void add_pids(struct report *r)
{
	uint64_t limit = number_in(r, "pids.max", 0);

	buf_addf(r->out, ",\"pids\":{\"current\":%" PRIu64 ",\"limit\":%" PRIu64 "}",
		 number_in(r, "pids.current", 0), limit == UINT64_MAX ? 0 : limit);
}

/* --- block devices --- */

static void add_io_line(struct report *r, const char *line, const char *key, const char *op,
			const char **gap)
{
	unsigned major, minor;
	const char *at = strstr(line, key);
	size_t len = strcspn(line, "\n");

	if (sscanf(line, "%u:%u", &major, &minor) != 2 || !at || (size_t)(at - line) >= len)
		return;
	buf_addf(r->out, "%s{\"major\":%u,\"minor\":%u,\"op\":\"%s\",\"value\":%llu}", *gap, major,
		 minor, op, strtoull(at + strlen(key), NULL, 10));
	*gap = ",";
}

static void add_io_list(struct report *r, const char *stat, const char *read_key,
			const char *write_key)
{
	const char *gap = "";

	for (const char *line = stat; line && *line;) {
		add_io_line(r, line, read_key, "Read", &gap);
		add_io_line(r, line, write_key, "Write", &gap);
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
}

static void add_io(struct report *r)
{
	auto_free char *stat = text_of(r, "io.stat");

	buf_add_str(r->out, ",\"blkio\":{\"ioServiceBytesRecursive\":[");
	add_io_list(r, stat, " rbytes=", " wbytes=");
	buf_add_str(r->out, "],\"ioServicedRecursive\":[");
	add_io_list(r, stat, " rios=", " wios=");
	buf_add_str(r->out, "],\"ioQueueRecursive\":[],\"ioServiceTimeRecursive\":[],"
			    "\"ioWaitTimeRecursive\":[],\"ioMergedRecursive\":[],"
			    "\"ioTimeRecursive\":[],\"sectorsRecursive\":[]");
	add_pressure(r, "io.pressure");
	buf_add_char(r->out, '}');
}

/* --- huge pages --- */

static void add_huge_size(struct report *r, const char *size, const char *gap)
{
	char current[64], events[64];
	auto_free char *text = NULL;

	(void)snprintf(current, sizeof(current), "hugetlb.%s.current", size);
	(void)snprintf(events, sizeof(events), "hugetlb.%s.events", size);
	text = text_of(r, events);
	buf_addf(r->out, "%s\"%s\":{\"usage\":%" PRIu64 ",\"max\":0,\"failcnt\":%" PRIu64 "}", gap,
		 size, number_in(r, current, 0), key_in(text, "max"));
}

/* One size for each file hugetlb.SIZE.current. */
static void add_huge_pages(struct report *r)
{
	int fd = openat(r->cgroup_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const char *gap = "";

	buf_add_str(r->out, ",\"hugetlb\":{");
	for (const struct dirent *entry; dir && (entry = readdir(dir));) {
		char size[32];
		int end = 0;

		if (sscanf(entry->d_name, "hugetlb.%31[0-9KMGTB].current%n", size, &end) != 1 ||
		    end == 0 || entry->d_name[end] != '\0')
			continue;
		add_huge_size(r, size, gap);
		gap = ",";
	}
	buf_add_char(r->out, '}');
	if (dir)
		(void)closedir(dir);
	else
		fd_close(&fd);
}

int cgroup_report(int cgroup_fd, struct buf *out, struct err *e)
{
	struct report r = {.cgroup_fd = cgroup_fd, .out = out, .e = e};

	add_cpu(&r);
	add_cpuset(&r);
	add_memory(&r);
	add_pids(&r);
	add_io(&r);
	add_huge_pages(&r);
	buf_add_str(out, ",\"intel_rdt\":{}");
	return r.failed ? r.failed : buf_check(out, e);
}
