/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path - the one resolver: a directory descriptor and a string, looked up once.
 *
 * Three kinds of look-up, by whose string it is: the command's caller (followed as a shell would),
 * our own state (beneath, no links at all), the container's tree (its own root, no magic links).
 * There is no fallback to walking by hand where openat2(2) is missing: tinyrun needs newer calls
 * than that one anyway, and a half-safe walk would be worse than the error.
 */
#include "tinyrun/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tinyrun/fd.h"
#include "tinyrun/proc.h"
#include "tinyrun/sys.h"

/* A look-up with ".." is answered EAGAIN when a rename went on anywhere; trying again is enough. */
#define RESOLVE_TRIES 128

static int open_resolved(int dir_fd, const char *path, const struct open_how *how, int *ret_fd,
			 struct err *e)
{
	int fd, tries = 0;

	do
		fd = sys_openat2(dir_fd, path, how);
	while (fd < 0 && (errno == EINTR || (errno == EAGAIN && ++tries < RESOLVE_TRIES)));
	if (fd < 0)
		return err_sys(e, "open %s", path);
	*ret_fd = fd;
	return 0;
}

int path_open(int dir_fd, const char *path, int flags, int *ret_fd, struct err *e)
{
	int fd = openat(dir_fd, path, flags | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "open %s", path);
	*ret_fd = fd;
	return 0;
}

int path_open_beneath(int dir_fd, const char *path, int flags, mode_t mode, int *ret_fd,
		      struct err *e)
{
	struct open_how how = {
		.flags = (unsigned)flags | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};

	/* openat2 refuses a mode where nothing is made. */
	if ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE)
		how.mode = mode;
	return open_resolved(dir_fd, path, &how, ret_fd, e);
}

int path_open_in(int root_fd, const char *path, int flags, int *ret_fd, struct err *e)
{
	struct open_how how = {
		.flags = (unsigned)flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	return open_resolved(root_fd, path, &how, ret_fd, e);
}

int path_open_tree(int dir_fd, const char *path, bool recursive, int *ret_fd, struct err *e)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
	int fd;

	if (recursive)
		flags |= AT_RECURSIVE;
	if (path[0] == 0)
		flags |= AT_EMPTY_PATH;
	fd = sys_open_tree(dir_fd, path, flags);
	if (fd < 0)
		return err_sys(e, "open %s", path[0] ? path : "the directory");
	*ret_fd = fd;
	return 0;
}

/* Goes from *@fd into @name, making it first when it is missing. */
static int enter_or_make(int *fd, const char *name, mode_t mode, const char *path, struct err *e)
{
	int next = openat(*fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (next < 0 && errno == ENOENT) {
		if (mkdirat(*fd, name, mode) < 0 && errno != EEXIST)
			return err_sys(e, "make %s", path);
		next = openat(*fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (next < 0)
		return err_sys(e, "open %s", path);
	fd_close(fd);
	*fd = next;
	return 0;
}

static int make_dirs_from(int *fd, char *rest, mode_t mode, const char *path, struct err *e)
{
	char *name, *save = NULL;

	for (name = strtok_r(rest, "/", &save); name; name = strtok_r(NULL, "/", &save)) {
		int r = enter_or_make(fd, name, mode, path, e);

		if (r < 0)
			return r;
	}
	return 0;
}

int path_make_dirs(const char *path, mode_t mode, int *ret_fd, struct err *e)
{
	auto_fd int fd = openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_free char *rest = NULL;
	int r;

	if (fd >= 0) {
		*ret_fd = fd_take(&fd);
		return 0;
	}
	if (errno != ENOENT || path[0] == 0)
		return err_sys(e, "open %s", path);
	rest = strdup(path);
	if (!rest)
		return err_num(e, ENOMEM, "make %s", path);
	r = path_open(AT_FDCWD, path[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY, &fd, e);
	if (r == 0)
		r = make_dirs_from(&fd, rest, mode, path, e);
	if (r < 0)
		return r;
	*ret_fd = fd_take(&fd);
	return 0;
}

int path_of_fd(int fd, char **ret_path, struct err *e)
{
	char link[32], text[PATH_MAX + 1];
	struct stat st;
	int proc = proc_fd(e);
	ssize_t n;

	if (proc < 0)
		return proc;
	(void)snprintf(link, sizeof(link), "self/fd/%d", fd);
	n = readlinkat(proc, link, text, sizeof(text));
	if (n < 0)
		return err_sys(e, "read /proc/%s", link);
	if ((size_t)n == sizeof(text))
		return err_num(e, ENAMETOOLONG, "read /proc/%s", link);
	text[n] = 0;
	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat %s", text);
	/* What was removed has " (deleted)" behind it, and is no path. */
	if (text[0] != '/' || st.st_nlink == 0)
		return err_num(e, ENOENT, "find the path of %s", text);
	*ret_path = strdup(text);
	return *ret_path ? 0 : err_num(e, ENOMEM, "keep %s", text);
}

/* The temporary file that becomes @name; what an earlier crash left under this name goes. */
static int open_temporary(int dir_fd, const char *temporary, mode_t mode, struct err *e)
{
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir_fd, temporary, flags, mode);

	if (fd < 0 && errno == EEXIST) {
		if (unlinkat(dir_fd, temporary, 0) < 0 && errno != ENOENT)
			return err_sys(e, "remove %s", temporary);
		fd = openat(dir_fd, temporary, flags, mode);
	}
	return fd >= 0 ? fd : err_sys(e, "create %s", temporary);
}

/* @dir_fd may be O_PATH, which cannot be synced itself. */
static int sync_dir(int dir_fd, const char *name, struct err *e)
{
	auto_fd int fd = -1;

	if (fsync(dir_fd) == 0)
		return 0;
	if (errno == EBADF)
		fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return err_sys(e, "sync the directory of %s", name);
	return 0;
}

static void temporary_name(const char *name, char out[NAME_MAX + 1])
{
	(void)snprintf(out, NAME_MAX + 1, ".%.200s.tmp", name);
}

int path_stage(int dir_fd, const char *name, const void *data, size_t len, mode_t mode, bool sync,
	       struct err *e)
{
	char temporary[NAME_MAX + 1];
	auto_fd int fd = -1;
	int r;

	temporary_name(name, temporary);
	fd = open_temporary(dir_fd, temporary, mode, e);
	if (fd < 0)
		return fd;
	r = fd_write_all(fd, data, len, name, e);
	if (r == 0 && sync && fsync(fd) < 0)
		r = err_sys(e, "sync %s", name);
	if (r < 0)
		(void)unlinkat(dir_fd, temporary, 0); /* @e has the reason already */
	return r;
}

int path_publish(int dir_fd, const char *name, bool sync, struct err *e)
{
	char temporary[NAME_MAX + 1];

	temporary_name(name, temporary);
	if (renameat(dir_fd, temporary, dir_fd, name) < 0) {
		int r = err_sys(e, "rename %s to %s", temporary, name);

		(void)unlinkat(dir_fd, temporary, 0); /* @e has the reason already */
		return r;
	}
	return sync ? sync_dir(dir_fd, name, e) : 0;
}

void path_unstage(int dir_fd, const char *name)
{
	char temporary[NAME_MAX + 1];

	temporary_name(name, temporary);
	(void)unlinkat(dir_fd, temporary,
		       0); /* mostly there is none; the next writer removes it too */
}

int path_replace(int dir_fd, const char *name, const void *data, size_t len, mode_t mode, bool sync,
		 struct err *e)
{
	int r = path_stage(dir_fd, name, data, len, mode, sync, e);

	return r < 0 ? r : path_publish(dir_fd, name, sync, e);
}

/* @name, one component, in a directory of a rootfs: made, or there already. */
static int make_component(int dir_fd, const char *name, bool directory, struct err *e)
{
	auto_fd int fd = -1;

	if (directory)
		return mkdirat(dir_fd, name, 0755) == 0 || errno == EEXIST
			       ? 0
			       : err_sys(e, "make the directory %s", name);
	fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	return fd >= 0 || errno == EEXIST ? 0 : err_sys(e, "make the file %s", name);
}

int path_make_in(int root_fd, const char *path, bool directory, struct err *e)
{
	auto_fd int dir_fd = -1;
	auto_free char *upto = strdup(path);
	char *at = upto;
	int r = upto ? path_open_in(root_fd, ".", O_PATH | O_DIRECTORY, &dir_fd, e)
		     : err_num(e, ENOMEM, "make %s", path);

	while (r == 0 && *(at += strspn(at, "/"))) {
		char *end = at + strcspn(at, "/");
		bool last = end[strspn(end, "/")] == '\0';
		char after = *end;
		int fd = -1;

		*end = '\0';
		r = make_component(dir_fd, at, directory || !last, e);
		if (r == 0 && !last) /* the whole of it, from the root: a symlink stays inside */
			r = path_open_in(root_fd, upto, O_PATH | O_DIRECTORY, &fd, e);
		*end = after;
		if (r == 0 && !last) {
			fd_close(&dir_fd);
			dir_fd = fd;
		}
		at = end;
	}
	return r < 0 ? err_wrap(e, "make %s in the root file system", path) : 0;
}

static bool is_dot_dot(const char *component, size_t len)
{
	return len == 2 && component[0] == '.' && component[1] == '.';
}

bool path_is_beneath(const char *path)
{
	if (path[0] == 0 || path[0] == '/')
		return false;
	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 0 || is_dot_dot(path, len))
			return false;
		path += len;
		if (*path == '/' && *++path == 0)
			return false; /* an empty component at the end */
	}
	return true;
}
