/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remove - a dead container's cgroup, what is below it, and what was made above it.
 *
 * rmdir refuses a cgroup with processes or children, so nothing is ever taken from somebody else:
 * parents go only as far as they are empty.
 */
#include "tinyrun/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup/internal.h"
#include "tinyrun/fd.h"
#include "tinyrun/str.h"

static int remove_child(void *arg, int parent_fd, const char *name, struct err *e)
{
	(void)arg; /* nothing to carry */
	if (unlinkat(parent_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_sys(e, "remove cgroup %s", name);
	return 0;
}

static int remove_below(const struct cgroup_host *host, const char *path, struct err *e)
{
	static const struct cgroup_visitor visitor = {.leave = remove_child, .removes = true};
	auto_fd int fd = -1;
	int r = cgroup_open(host, path, &fd, e);

	if (r == CGROUP_E_MISSING)
		return 0;
	return r < 0 ? r : cgroup_walk(fd, &visitor, e);
}

/* Says who is in the way, as EBUSY does not. */
static int explain_busy(const struct cgroup_host *host, const char *path, struct err *e)
{
	struct err ignored = ERR_INIT;
	auto_free pid_t *pids = NULL;
	auto_fd int fd = -1;
	size_t n = 0;

	if (cgroup_open(host, path, &fd, &ignored) == 0)
		(void)cgroup_pids(fd, &pids, &n, &ignored);
	return err_num(e, EBUSY, "remove cgroup %s%s with %zu process(es) in it", host->mount, path,
		       n);
}

static int remove_one(const struct cgroup_host *host, const char *path, struct err *e)
{
	if (unlinkat(host->fd, path + 1, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != EBUSY && errno != ENOTEMPTY)
		return err_sys(e, "remove cgroup %s%s", host->mount, path);
	if (remove_below(host, path, e) < 0)
		return err_wrap(e, "remove cgroup %s%s", host->mount, path);
	if (unlinkat(host->fd, path + 1, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno == EBUSY)
		return explain_busy(host, path, e);
	return err_sys(e, "remove cgroup %s%s", host->mount, path);
}

/* Those that we made, and shared ones that others did. Who still stands in one keeps it alive. */
static int remove_parents(const struct cgroup_host *host, const char *path, size_t top,
			  struct err *e)
{
	auto_free char *part = strdup(path);

	if (!part)
		return err_num(e, ENOMEM, "remove the cgroups above %s", path);
	while (part[0]) {
		*strrchr(part, '/') = 0;
		if (strlen(part) < top && (!part[0] || !cgroup_shared_is_marked(host, part)))
			return 0;
		if (unlinkat(host->fd, part + 1, AT_REMOVEDIR) == 0 || errno == ENOENT)
			continue;
		if (errno == EBUSY || errno == ENOTEMPTY)
			return 0;
		return err_sys(e, "remove cgroup %s%s", host->mount, part);
	}
	return 0;
}

static int check_places(const char *path, const char *top, struct err *e)
{
	size_t len = top ? strlen(top) : 0;
	int r = cgroup_check_path(path, e);

	if (r == 0 && top && (len < 2 || !str_starts(path, top) || (path[len] && path[len] != '/')))
		r = err_user(e, "cgroup path %s is not below %s", path, top);
	return r;
}

int cgroup_remove(const struct cgroup_host *host, const char *path, const char *top, struct err *e)
{
	int r = check_places(path, top, e);

	if (r < 0 || host->fd < 0)
		return r;
	if (!top)
		return remove_below(host, path, e);
	r = remove_one(host, path, e);
	return r < 0 ? r : remove_parents(host, path, strlen(top), e);
}

int cgroup_remove_unused(const struct cgroup_host *host, const char *path, const char *top,
			 struct err *e)
{
	int r = check_places(path, top, e);

	if (r < 0)
		return r;
	if (!top || (unlinkat(host->fd, path + 1, AT_REMOVEDIR) < 0 && errno != ENOENT))
		return CGROUP_E_BUSY; /* whatever the reason: cgroup_remove() names it */
	return remove_parents(host, path, strlen(top), e);
}
