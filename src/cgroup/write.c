/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write - the limits of a cgroup, written; the same for a new container and for a running one.
 *
 * Two files depend on each other: the kernel refuses a cpu.max below the burst that holds, and a
 * cpu.max.burst above the quota that holds. Burst is tried first, and once more after cpu.max.
 */
#include "tinyrun/cgroup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup/internal.h"
#include "tinyrun/fd.h"
#include "tinyrun/str.h"

static int put(int cgroup_fd, const struct cgroup_write *w, const char *value, struct err *e)
{
	struct err refused = ERR_INIT;
	int r = fd_put(cgroup_fd, w->file, value, &refused);

	if (r == -ENOENT && w->instead_file) {
		refused = ERR_INIT;
		r = fd_put(cgroup_fd, w->instead_file, w->instead_value, &refused);
	}
	if (r == 0 || (r == -ENOENT && w->optional))
		return 0;
	*e = refused;
	if (strcmp(w->origin, "unified") == 0)
		return err_wrap(e, "linux.resources.unified");
	return err_wrap(e, "linux.resources.%s", w->origin);
}

/* A period alone: "max PERIOD" stands in the list, the quota that holds takes the place of max. */
static int put_period(int cgroup_fd, const struct cgroup_write *w, struct err *e)
{
	char now[CGROUP_FILE_MAX], value[64];
	int r = cgroup_file_read(cgroup_fd, w->file, now, sizeof(now), e);

	if (r < 0)
		return r;
	if (r == CGROUP_E_MISSING)
		return put(cgroup_fd, w, w->value, e);
	(void)snprintf(value, sizeof(value), "%.*s%s", (int)strcspn(now, " \n"), now,
		       strchr(w->value, ' '));
	return put(cgroup_fd, w, value, e);
}

static bool is_cpu(const struct cgroup_write *w, const char *file)
{
	return strcmp(w->file, file) == 0 && strcmp(w->origin, "unified") != 0;
}

int cgroup_write_all(int cgroup_fd, const struct limits *limits, const struct cgroup_writes *writes,
		     struct err *e)
{
	const struct cgroup_write *burst = NULL;

	for (size_t i = 0; i < writes->n; i++) {
		const struct cgroup_write *w = &writes->v[i];
		struct err first = ERR_INIT;
		bool bandwidth = is_cpu(w, "cpu.max");
		int r;

		if (bandwidth && !limits->cpu_quota.set)
			r = put_period(cgroup_fd, w, &first);
		else
			r = put(cgroup_fd, w, w->value, &first);
		if (r == 0 && bandwidth && burst)
			r = put(cgroup_fd, burst, burst->value, &first);
		if (r == -EINVAL && is_cpu(w, "cpu.max.burst") && limits->cpu_quota.set) {
			burst = w;
			r = 0;
		}
		if (r < 0) {
			*e = first;
			return r;
		}
	}
	return 0;
}

int cgroup_apply(int cgroup_fd, const struct limits *limits, struct err *e)
{
	struct cgroup_writes writes = {.v = NULL};
	int r = cgroup_check_usage(cgroup_fd, limits, e);

	if (r == 0)
		r = cgroup_convert(limits, &writes, e);
	if (r == 0)
		r = cgroup_enable(cgroup_fd, &writes, e);
	if (r == 0)
		r = cgroup_write_all(cgroup_fd, limits, &writes, e);
	cgroup_writes_done(&writes);
	return r;
}
