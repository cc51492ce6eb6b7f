/* SPDX-License-Identifier: Apache-2.0 */
/*
 * locate - where a container's cgroup is to be, and what of that is not there yet.
 *
 * An absolute cgroupsPath is below the mount, a relative one below the parent of our own cgroup:
 * our own has us in it, and a cgroup with processes gives no controllers to children. Nothing is
 * made here. A cgroup that exists already is checked here, before anything about it is recorded:
 * who finds its path in a record may kill what is in it.
 */
#include "tinyrun/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cgroup/internal.h"
#include "tinyrun/buf.h"
#include "tinyrun/fd.h"
#include "tinyrun/path.h"

/* Takes @path apart: blank components and "." go, ".." is refused. *out is "" for the root. */
static int normalise(const char *path, const char *given, struct buf *out, struct err *e)
{
	for (const char *at = path; *at;) {
		size_t len = strcspn(at, "/");

		if (len == 2 && strncmp(at, "..", 2) == 0)
			return err_user(e, "cgroupsPath %s: \"..\" is not allowed", given);
		if (len > 0 && !(len == 1 && *at == '.')) {
			buf_add_char(out, '/');
			buf_add(out, at, len);
		}
		at += len;
		at += strspn(at, "/");
	}
	return buf_check(out, e);
}

int cgroup_check_path(const char *path, struct err *e)
{
	if (path[0] != '/' || path[1] == 0 || !path_is_beneath(path + 1))
		return err_user(e, "cgroup path %s: want an absolute path without \"..\"", path);
	return 0;
}

/* The parent of our own cgroup, with a '/' at its end. */
static int add_base(const struct cgroup_host *host, struct buf *out, struct err *e)
{
	auto_free char *read = NULL;
	const char *own = host->own;
	int r = 0;

	if (!own) {
		r = cgroup_read_own(&read, e);
		own = read;
	}
	if (r == 0)
		buf_add(out, own, (size_t)(strrchr(own, '/') - own) + 1);
	return r;
}

static int full_path(const struct cgroup_host *host, const char *cgroups_path, const char *id,
		     struct buf *out, struct err *e)
{
	auto_buf struct buf raw = BUF_INIT;
	bool given = cgroups_path && *cgroups_path;
	int r = given && *cgroups_path == '/' ? 0 : add_base(host, &raw, e);

	if (r < 0)
		return r;
	if (given)
		buf_add_str(&raw, cgroups_path);
	else
		buf_addf(&raw, "tinyrun-%s", id);
	r = buf_check(&raw, e);
	if (r == 0)
		r = normalise(raw.data, given ? cgroups_path : id, out, e);
	if (r == 0 && out->len == 0)
		r = err_user(e, "cgroupsPath %s: the root cgroup cannot be a container's",
			     cgroups_path);
	return r;
}

int cgroup_open(const struct cgroup_host *host, const char *path, int *ret_fd, struct err *e)
{
	struct err miss = ERR_INIT;
	auto_fd int fd = -1;
	struct statfs fs;
	int r;

	if (host->fd < 0)
		return CGROUP_E_MISSING;
	r = cgroup_check_path(path, e);
	if (r < 0)
		return r;
	r = path_open_beneath(host->fd, path + 1, O_RDONLY | O_DIRECTORY, 0, &fd, &miss);
	if (r == -ENOENT)
		return CGROUP_E_MISSING;
	if (r < 0) {
		*e = miss;
		return err_wrap(e, "open cgroup %s", path);
	}
	if (fstatfs(fd, &fs) < 0)
		return err_sys(e, "open cgroup %s", path);
	if (fs.f_type != CGROUP2_SUPER_MAGIC)
		return err_user(e, "open cgroup %s: another file system is mounted there", path);
	*ret_fd = fd_take(&fd);
	return 0;
}

/* The length of the topmost part of @path that does not exist; 0: all of it does. */
static int missing_part(const struct cgroup_host *host, const char *path, size_t *ret,
			struct err *e)
{
	auto_free char *part = strdup(path);
	size_t missing = 0;

	if (!part)
		return err_num(e, ENOMEM, "locate cgroup %s", path);
	while (part[0]) {
		auto_fd int fd = -1;
		int r = cgroup_open(host, part, &fd, e);

		if (r < 0)
			return r;
		if (r == 0 && !missing)
			r = cgroup_check_fit(fd, path, e);
		if (r <= 0) {
			*ret = missing;
			return r;
		}
		missing = strlen(part);
		*strrchr(part, '/') = 0;
	}
	*ret = missing;
	return 0;
}

/* @dir is "/" or "/a/b"; @file below it, "" for itself. */
static bool may(const struct cgroup_host *host, const char *dir, size_t len, const char *file,
		int mode)
{
	auto_free char *name = NULL;

	if (asprintf(&name, ".%.*s%s", (int)len, dir, file) < 0) {
		name = NULL;
		return false;
	}
	return faccessat(host->fd, name, mode, AT_EACCESS) == 0;
}

/* How much of @a and @b is the path of a cgroup that both are in; 0: the root alone. */
static size_t common_part(const char *a, const char *b)
{
	size_t common = 0, i = 0;

	for (; a[i] && a[i] == b[i]; i++)
		if (a[i] == '/')
			common = i;
	return (a[i] == 0 || a[i] == '/') && (b[i] == 0 || b[i] == '/') ? i : common;
}

/* Who moves between cgroups needs the right to both, and to where their ways part. */
int cgroup_check_delegated(const struct cgroup_host *host, const char *path, const char *top,
			   struct err *e)
{
	const char *made = top ? top : path;
	size_t above = (size_t)(strrchr(made, '/') - made);
	auto_free char *own = NULL;
	bool allowed;
	int r = host->own ? 0 : cgroup_read_own(&own, e);

	if (r < 0)
		return r;
	allowed = top ? may(host, path, above, "", W_OK | X_OK)
		      : may(host, path, strlen(path), "/cgroup.procs", W_OK);
	if (allowed)
		allowed = may(host, path, common_part(path, host->own ? host->own : own),
			      "/cgroup.procs", W_OK);
	return allowed ? 0 : CGROUP_E_FOREIGN;
}

int cgroup_place(const struct cgroup_host *host, const char *cgroups_path, const char *id,
		 char **ret_path, struct err *e)
{
	auto_buf struct buf path = BUF_INIT;
	int r;

	if (host->fd < 0)
		return err_user(e, "no cgroup2 hierarchy is mounted on this host");
	r = full_path(host, cgroups_path, id, &path, e);
	if (r < 0)
		return r;
	*ret_path = path.data;
	path = BUF_INIT;
	return 0;
}

int cgroup_locate(const struct cgroup_host *host, const char *cgroups_path, const char *id,
		  char **ret_path, char **ret_top, struct err *e)
{
	auto_free char *path = NULL;
	size_t missing = 0;
	char *top = NULL;
	int r = cgroup_place(host, cgroups_path, id, &path, e);

	if (r == 0)
		r = missing_part(host, path, &missing, e);
	if (r < 0)
		return r;
	if (missing > 0) {
		top = strndup(path, missing);
		if (!top)
			return err_num(e, ENOMEM, "locate cgroup %s", path);
	}
	*ret_path = path;
	*ret_top = top;
	path = NULL;
	return 0;
}
