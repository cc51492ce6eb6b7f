/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path_tree - removing a tree that somebody may still be changing.
 *
 * Every directory is opened below the one before it, never through a symlink and never into
 * another mount, so the worst that a racing process gets is an error. The depth has a bound, since
 * each level holds a descriptor and a buffer.
 */
#include "tinyrun/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tinyrun/fd.h"
#include "tinyrun/sys.h"

#define TREE_MAX_DEPTH 64
/* Entries that appear while we read are met in another round; this many rounds are enough. */
#define TREE_ROUNDS 8

static int remove_dir(int dir_fd, const char *name, unsigned depth, struct err *e);

static DIR *open_dir(int dir_fd, const char *name)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
			   RESOLVE_NO_XDEV,
	};
	auto_fd int fd = sys_openat2(dir_fd, name, &how);
	DIR *dir;

	if (fd < 0)
		return NULL;
	dir = fdopendir(fd);
	if (dir)
		(void)fd_take(&fd); /* closedir() closes it */
	return dir;
}

static int remove_entry(int dir_fd, const char *name, bool is_dir, unsigned depth, struct err *e)
{
	if (!is_dir) {
		if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
			return 0;
		if (errno != EISDIR)
			return err_sys(e, "remove %s", name);
	}
	return remove_dir(dir_fd, name, depth + 1, e);
}

static int empty_dir(DIR *dir, unsigned depth, struct err *e)
{
	const struct dirent *entry;

	rewinddir(dir);
	while ((errno = 0, entry = readdir(dir))) {
		int r;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		r = remove_entry(dirfd(dir), entry->d_name, entry->d_type == DT_DIR, depth, e);
		if (r < 0)
			return r;
	}
	return errno == 0 ? 0 : err_sys(e, "read a directory");
}

static int empty_and_remove(int dir_fd, DIR *dir, const char *name, unsigned depth, struct err *e)
{
	for (int round = 0; round < TREE_ROUNDS; round++) {
		int r = empty_dir(dir, depth, e);

		if (r < 0)
			return err_wrap(e, "empty %s", name);
		if (unlinkat(dir_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
		if (errno != ENOTEMPTY)
			break;
	}
	return err_sys(e, "remove %s", name);
}

static int remove_dir(int dir_fd, const char *name, unsigned depth, struct err *e)
{
	DIR *dir;
	int r;

	if (unlinkat(dir_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != ENOTEMPTY)
		return err_sys(e, "remove %s", name);
	if (depth >= TREE_MAX_DEPTH)
		return err_num(e, ELOOP, "remove %s: more than %d directories deep", name,
			       TREE_MAX_DEPTH);
	dir = open_dir(dir_fd, name);
	if (!dir)
		return errno == ENOENT ? 0 : err_sys(e, "open %s", name);
	r = empty_and_remove(dir_fd, dir, name, depth, e);
	(void)closedir(dir);
	return r;
}

int path_remove_tree(int dir_fd, const char *name, struct err *e)
{
	/* unlinkat(2) would follow what is in front of a slash. */
	if (!path_is_beneath(name) || strchr(name, '/') || strcmp(name, ".") == 0)
		return err_user(e, "remove %s: want a name without slashes", name);
	return remove_entry(dir_fd, name, false, 0, e);
}
