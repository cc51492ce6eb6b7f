/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rdt_update - other lines for the class of service of a container that is there.
 *
 * One that was made for it is changed, and so is one that it shares: whoever asks has named the
 * container, and who shares a class has said so. One that has none is given its own, which the
 * record has before it is made, so that delete finds it.
 */
#include "container/rdt.h"

#include "container/members.h"
#include "tinyrun/fd.h"
#include "tinyrun/proc.h"
#include "tinyrun/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the processor can share is named by a directory of `info`; caches may be split in two. */
static int check_resource(int root_fd, const char *line, const char *const *dirs,
			  const char *option, struct err *e)
{
	if (!line)
		return 0;
	for (; *dirs; dirs++)
		if (faccessat(root_fd, *dirs, F_OK, 0) == 0)
			return 0;
	return err_user(e, "--%s: this machine, or how resctrl is mounted, does not have that",
			option);
}

int rdt_find(int *root_fd, const struct spec_rdt *was, const struct state *st,
	     const struct spec_rdt *want, struct rdt *ret, struct err *e)
{
	static const char *const caches[] = {"info/L3", "info/L3CODE", "info/L3DATA", NULL};
	static const char *const bandwidth[] = {"info/MB", NULL};
	const struct spec_rdt own = {.group = was->set ? was->group : NULL};
	int r = check_resource(*root_fd, want->l3, caches, "l3-cache-schema", e);

	if (r == 0)
		r = check_resource(*root_fd, want->bandwidth, bandwidth, "mem-bw-schema", e);
	if (r == 0)
		r = rdt_name(root_fd, &own, st->id, ret, e);
	if (r == 0 && !was->set && !st->rdt_group)
		return rdt_decide(ret, &own, e);
	if (r == 0 && faccessat(ret->root_fd, ret->group, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		r = err_sys(e, "linux.intelRdt: look for the container's class %s", ret->group);
	return r;
}

/* Threads are of a class one by one. */
static int join_threads(const struct rdt *rdt, pid_t pid, struct err *e)
{
	char name[64];
	const struct dirent *entry;
	int fd, r = 0, proc = proc_fd(e);
	DIR *dir;

	if (proc < 0)
		return proc;
	(void)snprintf(name, sizeof(name), "%d/task", (int)pid);
	fd = openat(proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		fd_close(&fd);
		return errno == ENOENT || errno == ESRCH ? 0 : err_sys(e, "read /proc/%s", name);
	}
	while (r == 0 && (entry = readdir(dir))) {
		struct err gone = ERR_INIT;
		uint64_t tid;

		if (str_to_u64(entry->d_name, INT_MAX, &tid) < 0)
			continue;
		r = rdt_join(rdt, (pid_t)tid, &gone);
		if (r == -ESRCH)
			r = 0;
		else if (r < 0)
			*e = gone;
	}
	(void)closedir(dir);
	return r;
}

int rdt_join_all(const struct rdt *rdt, const pid_t *pids, size_t n, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		if (pids[i] > 0)
			r = join_threads(rdt, pids[i], e);
	return r;
}

/* Twice: what a process starts while it is looked at is in the second list. */
static int join_container(int dir_fd, const struct state *st, const struct cgroup_host *host,
			  const struct rdt *rdt, struct err *e)
{
	int r = 0;

	for (int pass = 0; r == 0 && pass < 2; pass++) {
		auto_free pid_t *pids = NULL;
		size_t n = 0;

		r = members_of(dir_fd, st, host, &pids, &n, e);
		if (r == 0)
			r = rdt_join_all(rdt, pids, n, e);
	}
	return r;
}

static int make_own(int dir_fd, struct state *st, struct rdt *rdt, struct err *e)
{
	int r;

	st->rdt_group = arena_strdup(&st->arena, rdt->group);
	if (!st->rdt_group)
		return err_num(e, ENOMEM, "keep the state");
	r = state_save(dir_fd, st, e);
	return r < 0 ? r : rdt_make(rdt, e);
}

/*
 * A class that is refused its lines is none. One that stays, as processes have come to it, is still
 * in the record: delete takes it.
 */
static void unmake_own(int dir_fd, struct state *st, const struct rdt *rdt)
{
	struct err ignored = ERR_INIT;

	if (rdt->made && (rdt_remove(rdt->root_fd, rdt->group, NULL, &ignored) < 0 ||
			  faccessat(rdt->root_fd, rdt->group, F_OK, AT_SYMLINK_NOFOLLOW) == 0))
		return;
	st->rdt_group = NULL;
	(void)state_save(dir_fd, st, &ignored);
}

int rdt_update(int dir_fd, struct state *st, const struct cgroup_host *host, struct rdt *rdt,
	       const struct spec_rdt *want, struct err *e)
{
	int r = rdt->makes ? make_own(dir_fd, st, rdt, e) : 0;

	if (r == 0)
		r = rdt_write(rdt, want, e);
	if (r == 0 && rdt->makes)
		r = join_container(dir_fd, st, host, rdt, e);
	if (r < 0 && rdt->makes)
		unmake_own(dir_fd, st, rdt);
	return r;
}
