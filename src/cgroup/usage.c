/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage - whether a limit of memory has room for what is in use.
 *
 * The kernel takes any limit, and makes room by reclaiming and, when that is not enough, by
 * killing. checkBeforeUpdate asks for room for all that is in use. Without it caches may go; what
 * is left then, memory of processes that no swap takes, is not to be ended by a change of a limit.
 */
#include "tinyrun/cgroup.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "cgroup/internal.h"
#include "tinyrun/str.h"

#define STAT_MAX 4096 /* of memory.stat: what is asked for stands in its first half */

/* The number in a file, UINT64_MAX for "max"; @missing where there is no such file. */
static int read_number(int cgroup_fd, const char *file, uint64_t missing, uint64_t *ret,
		       struct err *e)
{
	char text[CGROUP_FILE_MAX];
	int r = cgroup_file_read(cgroup_fd, file, text, sizeof(text), e);

	*ret = missing;
	if (r != 0)
		return r < 0 ? r : 0;
	text[strcspn(text, "\n")] = '\0';
	*ret = UINT64_MAX;
	if (strcmp(text, "max") != 0 && str_to_u64(text, UINT64_MAX, ret) < 0)
		return err_user(e, "%s: found \"%s\", want bytes", file, text);
	return 0;
}

/* How much more of it could go to swap, by its own limit and by the machine's. */
static int room_in_swap(int cgroup_fd, uint64_t *ret, struct err *e)
{
	struct sysinfo machine = {.freeswap = 0};
	uint64_t max, current;
	int r = read_number(cgroup_fd, "memory.swap.max", 0, &max, e);

	if (r == 0)
		r = read_number(cgroup_fd, "memory.swap.current", 0, &current, e);
	if (r < 0)
		return r;
	(void)sysinfo(&machine); /* fails for wrong pointers alone */
	*ret = (uint64_t)machine.freeswap * machine.mem_unit;
	if (max <= current)
		*ret = 0;
	else if (max - current < *ret)
		*ret = max - current;
	return 0;
}

/* What reclaiming leaves, at the least. */
static int bound_memory(int cgroup_fd, uint64_t *ret, struct err *e)
{
	uint64_t anon = 0, shmem = 0, kernel = 0, slabs = 0, swap = 0, bound;
	char text[STAT_MAX];
	int r = cgroup_file_read(cgroup_fd, "memory.stat", text, sizeof(text), e);

	*ret = 0;
	if (r == 0)
		r = room_in_swap(cgroup_fd, &swap, e);
	if (r != 0)
		return r < 0 ? r : 0;
	(void)cgroup_file_key(text, "anon", &anon);
	(void)cgroup_file_key(text, "shmem", &shmem);
	(void)cgroup_file_key(text, "kernel", &kernel); /* not before Linux 5.18: then 0 */
	(void)cgroup_file_key(text, "slab_reclaimable", &slabs);
	bound = anon + shmem + (kernel > slabs ? kernel - slabs : 0);
	*ret = bound > swap ? bound - swap : 0;
	return 0;
}

int cgroup_check_usage(int cgroup_fd, const struct limits *limits, struct err *e)
{
	bool all = limits->memory_check_before_update;
	uint64_t used;
	int r;

	if (!limits->memory_limit.set || limits->memory_limit.value <= 0)
		return 0;
	r = all ? read_number(cgroup_fd, "memory.current", 0, &used, e)
		: bound_memory(cgroup_fd, &used, e);
	if (r < 0 || used <= (uint64_t)limits->memory_limit.value)
		return r;
	return err_num(e, EBUSY,
		       "linux.resources.memory.limit: %" PRId64 " bytes are less than the %" PRIu64
		       " in use%s",
		       limits->memory_limit.value, used,
		       all ? "" : " that only killing would free");
}
