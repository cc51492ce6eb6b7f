/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write - a list becomes a tree.
 *
 * The root belongs to us alone; still every step goes by a descriptor beneath it, and nothing that
 * is there is written to. Copies have their source's bytes, permissions and time, and neither its
 * owner, set-user-ID bits nor extended attributes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bundle/list.h"
#include "tinyrun/fd.h"
#include "tinyrun/path.h"
#include "tinyrun/sys.h"

#define DEPTH_MAX 64

/* --- bytes --- */

/* Inside the kernel as far as it can: shared blocks where the file system has them. */
static int copy_bytes(int from, int to, const char *name, struct err *e)
{
	char data[1 << 16];
	ssize_t n;

	do
		n = copy_file_range(from, NULL, to, NULL, (size_t)1 << 30, 0);
	while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0 && errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
		return err_sys(e, "copy %s", name);
	/* Some kernel file systems say 0 there and have bytes all the same. */
	while ((n = read(from, data, sizeof(data))) != 0) {
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "read %s", name);
		r = fd_write_all(to, data, (size_t)n, name, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int copy_file(int from_dir, const char *from, int to_dir, const char *to, struct err *e)
{
	auto_fd int in = openat(from_dir, from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	auto_fd int out = -1;
	struct stat st;
	int r;

	if (in < 0 || fstat(in, &st) < 0)
		return err_sys(e, "open %s", from);
	if (!S_ISREG(st.st_mode))
		return err_user(e, "%s is not a file any more", from);
	out = openat(to_dir, to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0 && errno == EEXIST)
		return 0; /* a tree has brought it already */
	if (out < 0)
		return err_sys(e, "make %s", to);
	r = copy_bytes(in, out, from, e);
	if (r < 0)
		return r;
	if (fchmod(out, st.st_mode & 0777) < 0 ||
	    futimens(out, (const struct timespec[]){st.st_mtim, st.st_mtim}) < 0)
		return err_sys(e, "set the permissions of %s", to);
	if (close(fd_take(&out)) < 0)
		return err_sys(e, "write %s", to);
	return 0;
}

static int copy_link(int from_dir, const char *name, int to_dir, struct err *e)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from_dir, name, target, sizeof(target) - 1);

	if (n < 0)
		return err_sys(e, "read the link %s", name);
	target[n] = '\0';
	if (symlinkat(target, to_dir, name) < 0 && errno != EEXIST)
		return err_sys(e, "make the link %s", name);
	return 0;
}

/* --- trees --- */

struct tree {
	dev_t dev; /* the directory that is written to: never copied into itself */
	ino_t ino;
};

static int copy_tree(const struct tree *t, int from, int to_dir, const char *name, unsigned depth,
		     struct err *e);

static int make_dir(int dir_fd, const char *name, mode_t mode, int *ret_fd, struct err *e)
{
	if (mkdirat(dir_fd, name, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "make %s", name);
	*ret_fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*ret_fd < 0)
		return err_sys(e, "open %s", name);
	if (fchmod(*ret_fd, mode & 01777) < 0) /* whatever the umask is */
		return err_sys(e, "set the permissions of %s", name);
	return 0;
}

static int copy_entry(const struct tree *t, int from_dir, int to_dir, const char *name,
		      unsigned depth, struct err *e)
{
	auto_fd int fd = -1;
	struct stat st;

	if (fstatat(from_dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "stat %s", name);
	if (S_ISLNK(st.st_mode))
		return copy_link(from_dir, name, to_dir, e);
	if (S_ISREG(st.st_mode))
		return copy_file(from_dir, name, to_dir, name, e);
	if (!S_ISDIR(st.st_mode))
		return err_user(e, "%s is neither a file, a directory nor a symbolic link", name);
	fd = openat(from_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %s", name);
	return copy_tree(t, fd_take(&fd), to_dir, name, depth + 1, e);
}

static int copy_entries(const struct tree *t, DIR *dir, int to, unsigned depth, struct err *e)
{
	const struct dirent *entry;
	int r = 0;

	while (r == 0 && (errno = 0, entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = copy_entry(t, dirfd(dir), to, entry->d_name, depth, e);
	if (r == 0 && errno != 0)
		r = err_sys(e, "read a directory");
	return r;
}

/* Takes @from. */
static int copy_tree(const struct tree *t, int from, int to_dir, const char *name, unsigned depth,
		     struct err *e)
{
	DIR *dir = fdopendir(from);
	auto_fd int to = -1;
	struct stat st;
	int r = 0;

	if (!dir) {
		r = err_sys(e, "read %s", name);
		fd_close(&from);
		return r;
	}
	if (fstat(from, &st) < 0)
		r = err_sys(e, "stat %s", name);
	else if (st.st_dev == t->dev && st.st_ino == t->ino)
		r = err_user(e, "it has the bundle itself in it");
	else if (depth > DEPTH_MAX)
		r = err_num(e, ELOOP, "more than %d directories deep", DEPTH_MAX);
	if (r == 0)
		r = make_dir(to_dir, name, st.st_mode, &to, e);
	if (r == 0)
		r = copy_entries(t, dir, to, depth, e);
	(void)closedir(dir);
	return r < 0 ? err_wrap(e, "copy %s", name) : 0;
}

/* --- the list --- */

struct writer {
	int root_fd;
	struct tree tree;
	bool places; /* only somewhere to mount things on */
};

static int write_text(int dir_fd, const char *name, const char *text, mode_t mode, struct err *e)
{
	auto_fd int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 && errno == EEXIST)
		return 0;
	if (fd < 0)
		return err_sys(e, "make %s", name);
	if (fchmod(fd, mode) < 0)
		return err_sys(e, "set the permissions of %s", name);
	return fd_write_all(fd, text, strlen(text), name, e);
}

static int write_tree(const struct writer *w, const struct bundle_entry *entry, int dir_fd,
		      const char *name, struct err *e)
{
	auto_fd int fd = -1;
	int r;

	if (w->places)
		return make_dir(dir_fd, name, 0755, &fd, e);
	r = path_open(AT_FDCWD, entry->from, O_RDONLY | O_DIRECTORY, &fd, e);
	return r < 0 ? r : copy_tree(&w->tree, fd_take(&fd), dir_fd, name, 0, e);
}

static int write_named(const struct writer *w, const struct bundle_entry *entry, int dir_fd,
		       const char *name, struct err *e)
{
	auto_fd int fd = -1;

	switch (entry->kind) {
	case BUNDLE_DIR:
		return make_dir(dir_fd, name, entry->mode, &fd, e);
	case BUNDLE_LINK:
		if (symlinkat(entry->from, dir_fd, name) < 0 && errno != EEXIST)
			return err_sys(e, "make the link %s", name);
		return 0;
	case BUNDLE_FILE:
		if (w->places)
			return write_text(dir_fd, name, "", 0644, e);
		return copy_file(AT_FDCWD, entry->from, dir_fd, name, e);
	case BUNDLE_TREE:
		return write_tree(w, entry, dir_fd, name, e);
	case BUNDLE_TEXT:
		return write_text(dir_fd, name, entry->from, entry->mode, e);
	}
	return 0;
}

static int write_entry(const struct writer *w, const struct bundle_entry *entry, struct err *e)
{
	const char *path = entry->path + 1, *slash = strrchr(path, '/');
	auto_free char *parent = slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
	auto_fd int dir_fd = -1;
	int r;

	if (!parent)
		return list_no_memory(e);
	r = path_open_beneath(w->root_fd, parent, O_PATH | O_DIRECTORY, 0, &dir_fd, e);
	return r < 0 ? r : write_named(w, entry, dir_fd, slash ? slash + 1 : path, e);
}

static int write_list(const struct bundle *b, int root_fd, bool places, struct err *e)
{
	struct writer w = {.root_fd = root_fd, .places = places};
	struct stat st;
	int r = 0;

	if (fstat(root_fd, &st) < 0)
		return err_sys(e, "stat the root");
	w.tree = (struct tree){.dev = st.st_dev, .ino = st.st_ino};
	for (size_t i = 0; i < b->n && r == 0; i++) {
		r = write_entry(&w, &b->v[i], e);
		if (r < 0)
			(void)err_wrap(e, "put %s into the bundle", b->v[i].path);
	}
	return r;
}

int bundle_write(const struct bundle *b, int root_fd, struct err *e)
{
	return write_list(b, root_fd, false, e);
}

int bundle_lay_out(const struct bundle *b, int root_fd, struct err *e)
{
	return write_list(b, root_fd, true, e);
}
