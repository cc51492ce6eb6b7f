/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procs - the processes of a cgroup and of those below it.
 *
 * A number from cgroup.procs may be somebody else's by the time one uses it. So who is to get a
 * signal is opened first, and the list is read once more: who is still on it is the one we opened,
 * or that one is dead and the signal goes nowhere.
 */
#include "tinyrun/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup/internal.h"
#include "tinyrun/fd.h"
#include "tinyrun/sys.h"

#define BATCH     64 /* descriptors that are open at a time */
#define PROCS_MAX ((size_t)64 << 20)

struct pids {
	pid_t *v;
	size_t n, size;
};

static int pids_add(struct pids *pids, pid_t pid, struct err *e)
{
	if (pids->n == pids->size) {
		size_t size = pids->size ? 2 * pids->size : 64;
		pid_t *v = reallocarray(pids->v, size, sizeof(*v));

		if (!v)
			return err_num(e, ENOMEM, "list the processes of a cgroup");
		pids->v = v;
		pids->size = size;
	}
	pids->v[pids->n++] = pid;
	return 0;
}

static int read_procs(void *arg, int dir_fd, struct err *e)
{
	struct err failed = ERR_INIT;
	auto_fd int fd = openat(dir_fd, "cgroup.procs", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	auto_free char *text = NULL;
	size_t len;
	char *line, *rest;
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open cgroup.procs");
	r = fd_read_all(fd, PROCS_MAX, "cgroup.procs", &text, &len, &failed);
	/* A threaded cgroup's processes stand in the list of the one above it. */
	if (r == -EOPNOTSUPP || r == -ENODEV)
		return 0;
	if (r < 0) {
		*e = failed;
		return r;
	}
	rest = text;
	while (r == 0 && (line = strsep(&rest, "\n")))
		if (*line)
			r = pids_add(arg, (pid_t)strtol(line, NULL, 10), e);
	return r;
}

static int compare(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

/* Sorted; 0 stands for each one of a pid namespace that is not below ours. */
static int list(int cgroup_fd, struct pids *ret, struct err *e)
{
	struct cgroup_visitor visitor = {.enter = read_procs, .arg = ret};
	int r = cgroup_walk(cgroup_fd, &visitor, e);

	if (r == 0 && ret->n > 0)
		qsort(ret->v, ret->n, sizeof(*ret->v), compare);
	return r;
}

int cgroup_pids(int cgroup_fd, pid_t **ret, size_t *ret_n, struct err *e)
{
	struct pids pids = {.v = NULL};
	int r = list(cgroup_fd, &pids, e);

	if (r < 0) {
		free(pids.v);
		return r;
	}
	*ret = pids.v;
	*ret_n = pids.n;
	return 0;
}

static int signal_listed(const struct pids *pids, pid_t pid, int pidfd, int sig, struct err *e)
{
	if (pidfd < 0 || !bsearch(&pid, pids->v, pids->n, sizeof(pid), compare))
		return 0;
	if (sys_pidfd_send_signal(pidfd, sig, NULL, 0) < 0 && errno != ESRCH)
		return err_sys(e, "signal process %d", (int)pid);
	return 0;
}

static int signal_batch(int cgroup_fd, const pid_t *pids, size_t n, int sig, struct err *e)
{
	struct pids again = {.v = NULL};
	int pidfds[BATCH];
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		pidfds[i] = pids[i] > 0 ? sys_pidfd_open(pids[i], 0) : -1;
		if (pids[i] > 0 && pidfds[i] < 0 && errno != ESRCH && r == 0)
			r = err_sys(e, "open process %d", (int)pids[i]);
	}
	if (r == 0)
		r = list(cgroup_fd, &again, e);
	for (size_t i = 0; i < n; i++) {
		if (r == 0)
			r = signal_listed(&again, pids[i], pidfds[i], sig, e);
		fd_close(&pidfds[i]);
	}
	free(again.v);
	return r;
}

int cgroup_signal_all(int cgroup_fd, int sig, struct err *e)
{
	struct pids pids = {.v = NULL};
	int r = list(cgroup_fd, &pids, e);

	for (size_t at = 0; at < pids.n && r == 0; at += BATCH) {
		size_t n = pids.n - at < BATCH ? pids.n - at : BATCH;

		r = signal_batch(cgroup_fd, pids.v + at, n, sig, e);
	}
	free(pids.v);
	return r;
}
