/* SPDX-License-Identifier: Apache-2.0 */
/*
 * create - makes a container's cgroup, so that a process can be born in it.
 *
 * The usual case is one mkdirat and one openat2. Nothing is followed that could lead astray: paths
 * hold no "..", cgroup2 has no symlinks, and what was opened is checked to be cgroup2. Directories
 * are made from the recorded top downwards, so whatever happens here, whoever has the record can
 * remove it. Only what somebody else has taken away above that since it was looked at is made
 * again; it has a mark, like all that is not the container's own (shared.c).
 */
#include "tinyrun/cgroup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cgroup/internal.h"
#include "tinyrun/fd.h"
#include "tinyrun/str.h"

#define MAKE_TRIES 8

int cgroup_check_thawed(int cgroup_fd, const char *path, struct err *e)
{
	char events[CGROUP_FILE_MAX];
	uint64_t frozen = 0;
	int r = cgroup_file_read(cgroup_fd, "cgroup.events", events, sizeof(events), e);

	if (r < 0)
		return err_wrap(e, "look at cgroup %s", path);
	if (r == 0 && cgroup_file_key(events, "frozen", &frozen) && frozen) {
		(void)err_user(e, "container's cgroup unexpectedly frozen");
		return err_wrap(e, "use cgroup %s", path);
	}
	return 0;
}

/* Processes that are in another pid namespace count too, though we see no number of theirs. */
static int check_empty(int cgroup_fd, const char *path, struct err *e)
{
	char events[CGROUP_FILE_MAX];
	uint64_t populated = 0;
	auto_free pid_t *pids = NULL;
	size_t n = 0;
	int r = cgroup_file_read(cgroup_fd, "cgroup.events", events, sizeof(events), e);

	if (r == 0 && cgroup_file_key(events, "populated", &populated) && populated) {
		r = cgroup_pids(cgroup_fd, &pids, &n, e);
		if (r == 0)
			r = err_user(e,
				     "container's cgroup is not empty: %zu process(es) found "
				     "(linux.cgroupsPath can name another)",
				     n);
	}
	return r < 0 ? err_wrap(e, "use cgroup %s", path) : 0;
}

int cgroup_check_fit(int cgroup_fd, const char *path, struct err *e)
{
	char subtree[CGROUP_FILE_MAX];
	int r = check_empty(cgroup_fd, path, e);

	if (r == 0)
		r = cgroup_check_thawed(cgroup_fd, path, e);
	if (r < 0)
		return r;
	r = cgroup_file_read(cgroup_fd, "cgroup.subtree_control", subtree, sizeof(subtree), e);
	subtree[r == 0 ? strcspn(subtree, "\n") : 0] = 0;
	if (r == 0 && subtree[0]) {
		(void)err_num(
			e, EBUSY,
			"it passes controllers (%s) on to cgroups below it, so it cannot have "
			"processes",
			subtree);
		r = -EBUSY;
	}
	return r < 0 ? err_wrap(e, "use cgroup %s", path) : 0;
}

/* What this call has made: the length of the topmost directory's path, 0 for nothing yet. */
struct made {
	size_t top;
	bool leaf;
};

static int make_one(const struct cgroup_host *host, const char *part, bool leaf, struct made *made,
		    struct err *e)
{
	if (mkdirat(host->fd, part + 1, 0755) < 0) {
		if (errno == EEXIST || errno == ENOENT)
			return -errno;
		return err_sys(e, "make cgroup %s%s", host->mount, part);
	}
	if (!made->top)
		made->top = strlen(part);
	made->leaf = leaf;
	if (!leaf)
		cgroup_shared_mark(host, part);
	return 0;
}

/* The length of the path above that of @len bytes; 0: the root is above it. */
static size_t above(const char *path, size_t len)
{
	while (path[--len] != '/')
		;
	return len;
}

/* Another create or delete may make and remove what we share with it above: then once more. */
static int make_dirs(const struct cgroup_host *host, const char *path, const char *top,
		     struct made *made, struct err *e)
{
	auto_free char *part = strdup(path);
	size_t start = strlen(top);

	if (!part)
		return err_num(e, ENOMEM, "make cgroup %s", path);
	for (unsigned tries = 0; tries < MAKE_TRIES; tries++) {
		size_t end = start;
		int r;

		do {
			bool leaf = path[end] == 0;

			part[end] = 0;
			r = make_one(host, part, leaf, made, e);
			part[end] = path[end];
			if (leaf || (r < 0 && r != -EEXIST))
				break;
			end += 1 + strcspn(path + end + 1, "/");
		} while (true);
		if (r != -ENOENT)
			return r == -EEXIST ? 0 : r;
		made->top = 0;
		if (above(path, start) > 0)
			start = above(path, start);
	}
	return err_num(e, ENOENT, "make cgroup %s%s", host->mount, path);
}

static bool is_deep(const char *path)
{
	return strchr(path + 1, '/') != NULL;
}

/* A new one is empty and thawed unless it is born frozen, which takes a parent that can be. */
static int check_found(int fd, const char *path, const struct made *made, struct err *e)
{
	if (!made->leaf)
		return cgroup_check_fit(fd, path, e);
	return is_deep(path) ? cgroup_check_thawed(fd, path, e) : 0;
}

static int set_up(int fd, const struct limits *limits, const struct cgroup_writes *writes,
		  struct err *e)
{
	int r = cgroup_enable(fd, writes, e);

	return r < 0 ? r : cgroup_write_all(fd, limits, writes, e);
}

static void undo(const struct cgroup_host *host, const char *path, const struct made *made)
{
	struct err ignored = ERR_INIT; /* the first error is the one to tell */
	auto_free char *top = NULL;

	if (made->top == 0)
		return;
	top = strndup(path, made->top);
	if (top)
		(void)cgroup_remove(host, path, top, &ignored);
}

static int check_arguments(const struct cgroup_host *host, const char *path, const char *top,
			   struct err *e)
{
	size_t len = top ? strlen(top) : 0;
	int r = cgroup_check_path(path, e);

	if (r == 0 && host->fd < 0)
		r = err_user(e, "no cgroup2 hierarchy is mounted on this host");
	if (r == 0 && top && (len < 2 || !str_starts(path, top) || (path[len] && path[len] != '/')))
		r = err_user(e, "cgroup path %s is not below %s", path, top);
	return r;
}

int cgroup_create(const struct cgroup_host *host, const char *path, const char *top,
		  const struct limits *limits, int *ret_fd, struct err *e)
{
	struct cgroup_writes writes = {.v = NULL};
	struct made made = {.top = 0};
	auto_fd int fd = -1;
	int r = check_arguments(host, path, top, e);

	if (r == 0)
		r = cgroup_convert(limits, &writes, e);
	if (r == 0 && top)
		r = make_dirs(host, path, top, &made, e);
	if (r == 0)
		r = cgroup_open(host, path, &fd, e);
	if (r == CGROUP_E_MISSING)
		r = err_num(e, ENOENT, "open cgroup %s%s", host->mount, path);
	if (r == 0)
		r = check_found(fd, path, &made, e);
	if (r == 0)
		r = set_up(fd, limits, &writes, e);
	cgroup_writes_done(&writes);
	if (r < 0) {
		fd_close(&fd);
		undo(host, path, &made);
		return r;
	}
	*ret_fd = fd_take(&fd);
	return 0;
}
