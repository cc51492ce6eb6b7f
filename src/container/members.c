/* SPDX-License-Identifier: Apache-2.0 */
/*
 * members - the processes of a container.
 *
 * They are those of its cgroup. An ordinary user's containers often have none, but they do have a
 * pid namespace, which no
 * process leaves, so /proc is read for those that are in it. That costs as much as the host has
 * processes, which is why a cgroup is asked first.
 */
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
#include <sys/stat.h>

struct members {
	pid_t *v;
	size_t n, size;
};

static int add(struct members *members, pid_t pid, struct err *e)
{
	if (members->n == members->size) {
		size_t size = members->size ? 2 * members->size : 16;
		pid_t *v = reallocarray(members->v, size, sizeof(*v));

		if (!v)
			return err_num(e, ENOMEM, "list processes");
		members->v = v;
		members->size = size;
	}
	members->v[members->n++] = pid;
	return 0;
}

static bool is_in(int proc, const char *pid, const struct stat *ns)
{
	struct stat st;
	char name[300];

	(void)snprintf(name, sizeof(name), "%s/ns/pid", pid);
	return fstatat(proc, name, &st, 0) == 0 && st.st_ino == ns->st_ino &&
	       st.st_dev == ns->st_dev;
}

static int read_all(DIR *dir, const struct stat *ns, struct members *ret, struct err *e)
{
	const struct dirent *entry;
	int r = 0;

	while (r == 0 && (entry = readdir(dir))) {
		uint64_t pid;

		if (str_to_u64(entry->d_name, INT_MAX, &pid) == 0 &&
		    is_in(dirfd(dir), entry->d_name, ns))
			r = add(ret, (pid_t)pid, e);
	}
	return r;
}

static int by_number(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

/* The namespace of the container's process, which still is that one after the look. */
static int find_ns(const struct state *st, int proc, struct stat *ret, struct err *e)
{
	auto_fd int pidfd = -1;
	char name[64];
	int r, errnum = 0;

	(void)snprintf(name, sizeof(name), "%d/ns/pid", (int)st->pid);
	if (fstatat(proc, name, ret, 0) < 0)
		errnum = errno;
	r = state_pidfd(st, &pidfd, e);
	if (r == STATE_E_MISSING)
		return err_user(e, "container not running");
	if (r == 0 && errnum)
		return err_num(e, errnum, "look at the container's pid namespace");
	return r;
}

int members_list(const struct state *st, pid_t **ret, size_t *ret_n, struct err *e)
{
	struct members members = {.v = NULL};
	struct stat ns;
	DIR *dir = NULL;
	int fd, r, proc = proc_fd(e);

	if (proc < 0)
		return proc;
	if (!st->own_pid_ns)
		return err_user(e, "the container has neither a cgroup nor a pid namespace to find "
				   "its processes by");
	r = find_ns(st, proc, &ns, e);
	if (r < 0)
		return r;
	fd = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		r = err_sys(e, "read /proc");
		fd_close(&fd);
		return r;
	}
	r = read_all(dir, &ns, &members, e);
	(void)closedir(dir);
	if (members.n > 1)
		qsort(members.v, members.n, sizeof(*members.v), by_number);
	if (r < 0) {
		free(members.v);
		return r;
	}
	*ret = members.v;
	*ret_n = members.n;
	return 0;
}

int members_of(int dir_fd, const struct state *st, const struct cgroup_host *host, pid_t **ret,
	       size_t *ret_n, struct err *e)
{
	auto_fd int cgroup_fd = -1;
	int r;

	if (!st->cgroup_path)
		return members_list(st, ret, ret_n, e);
	r = state_open_cgroup(dir_fd, st, host, "to find its processes by", &cgroup_fd, e);
	return r < 0 ? r : cgroup_pids(cgroup_fd, ret, ret_n, e);
}
