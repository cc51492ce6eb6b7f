/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copyup - tmpcopyup: a tmpfs begins with what the directory has that it is going to hide.
 *
 * The copy is made while the tmpfs is detached, so nobody sees half of it. The source is the
 * image's: each name is opened once without following it, and what was opened decides what it is.
 * Files, directories, links, devices and fifos come along with their owner, mode and time of
 * change, files and directories with the extended attributes that the tmpfs takes, too; hard links
 * become files of their own, and sockets, which nobody would listen on, are left out.
 * Owners that a user namespace has no ids for become its root, devices that it may not make are
 * left out.
 */
#include "init/init.h"

#include <linux/fs.h>
#include <linux/limits.h>

#define DEPTH_MAX  128
#define BATCH_SIZE 2048
#define CHUNK_SIZE (1 << 30)

struct entry { /* struct linux_dirent64 */
	uint64_t inode;
	int64_t offset;
	unsigned short len;
	unsigned char type;
	char name[];
};

static int tree_copy(struct init *in, int from, int to, unsigned depth);

static int times_copy(int to, const char *name, const struct statx *st)
{
	const struct __kernel_timespec times[2] = {
		{.tv_sec = st->stx_atime.tv_sec, .tv_nsec = st->stx_atime.tv_nsec},
		{.tv_sec = st->stx_mtime.tv_sec, .tv_nsec = st->stx_mtime.tv_nsec},
	};

	return sys_utimensat(to, name, times, AT_SYMLINK_NOFOLLOW);
}

static int owner_copy(int to, const char *name, const struct statx *st)
{
	int r = sys_fchownat(to, name, st->stx_uid, st->stx_gid, AT_SYMLINK_NOFOLLOW);

	return r == -EPERM || r == -EINVAL ? 0 : r;
}

/* The mode comes behind the owner, whose change takes set-id bits away. */
static int attributes_copy(int to, const char *name, const struct statx *st)
{
	int r = owner_copy(to, name, st);

	if (r == 0 && !S_ISLNK(st->stx_mode))
		r = sys_fchmodat(to, name, st->stx_mode & 07777);
	return r == 0 ? times_copy(to, name, st) : r;
}

/* Behind the owner, whose change takes a file's capabilities away. */
static int xattrs_copy(int from, int to)
{
	static char names[XATTR_LIST_MAX], value[XATTR_SIZE_MAX];
	long n = sys_flistxattr(from, names, sizeof(names));

	for (const char *name = names; name < names + n; name += strlen(name) + 1) {
		long len = sys_fgetxattr(from, name, value, sizeof(value));
		int r = len < 0 ? 0 : sys_fsetxattr(to, name, value, (size_t)len);

		if (r == -ENOSPC || r == -EDQUOT)
			return r;
	}
	return n == -EOPNOTSUPP || n > 0 ? 0 : (int)n;
}

static int file_copy(int from_dir, int to_dir, const char *name)
{
	auto_fd int from = sys_openat(from_dir, name,
				      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
	auto_fd int to = -1;
	struct statx st;
	long n;
	int r;

	if (from < 0)
		return from;
	r = sys_statx(from, "", AT_EMPTY_PATH, &st);
	if (r < 0)
		return r;
	if (!S_ISREG(st.stx_mode)) /* exchanged beside us */
		return -EAGAIN;
	to = sys_openat(to_dir, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return to;
	do {
		n = sys_sendfile(to, from, CHUNK_SIZE);
	} while (n > 0);
	r = n < 0 ? (int)n : attributes_copy(to_dir, name, &st);
	return r == 0 ? xattrs_copy(from, to) : r;
}

static int directory_copy(struct init *in, int from_dir, int to_dir, const char *name,
			  unsigned depth)
{
	auto_fd int from =
		sys_openat(from_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	auto_fd int to = -1;
	struct statx st;
	int r;

	if (from < 0)
		return from;
	r = sys_statx(from, "", AT_EMPTY_PATH, &st);
	if (r == 0)
		r = sys_mkdirat(to_dir, name, 0700);
	if (r < 0)
		return r;
	to = sys_openat(to_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	if (to < 0)
		return to;
	r = tree_copy(in, from, to, depth + 1);
	if (r == 0)
		r = attributes_copy(to_dir, name, &st);
	return r == 0 ? xattrs_copy(from, to) : r;
}

static int link_copy(int from, int to, const char *name, const struct statx *st)
{
	char target[PATH_SIZE];
	long n = sys_readlinkat(from, name, target, sizeof(target) - 1);
	int r;

	if (n < 0)
		return (int)n;
	target[n] = '\0';
	r = sys_symlinkat(target, to, name);
	return r == 0 ? attributes_copy(to, name, st) : r;
}

static int node_copy(int to, const char *name, const struct statx *st)
{
	int r = sys_mknodat(to, name, st->stx_mode,
			    dev_number(st->stx_rdev_major, st->stx_rdev_minor));

	if (r == -EPERM)
		return 0;
	return r == 0 ? attributes_copy(to, name, st) : r;
}

static int entry_copy(struct init *in, int from, int to, const char *name, unsigned depth)
{
	struct statx st;
	int r = sys_statx(from, name, AT_SYMLINK_NOFOLLOW, &st);

	if (r < 0)
		return r;
	switch (st.stx_mode & S_IFMT) {
	case S_IFREG:
		return file_copy(from, to, name);
	case S_IFDIR:
		return directory_copy(in, from, to, name, depth);
	case S_IFLNK:
		return link_copy(from, to, name, &st);
	case S_IFSOCK:
		return 0;
	default:
		return node_copy(to, name, &st);
	}
}

static bool is_dots(const char *name)
{
	return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

static int tree_copy(struct init *in, int from, int to, unsigned depth)
{
	_Alignas(struct entry) char batch[BATCH_SIZE];
	long n;

	if (depth > DEPTH_MAX)
		return -ELOOP;
	while ((n = sys_getdents64(from, batch, sizeof(batch))) > 0) {
		for (long at = 0; at < n;) {
			const struct entry *entry = (const void *)(batch + at);
			int r = is_dots(entry->name) ? 0
						     : entry_copy(in, from, to, entry->name, depth);

			if (r < 0) {
				if (in->failure.text[0] == '\0') /* the innermost name */
					fail_text(in, entry->name);
				return r;
			}
			at += entry->len;
		}
	}
	return (int)n;
}

/*
 * Copy what the directory @target has into the file system @tree. Its top gets the owner of
 * @target when the options of the mount did not say which.
 */
int copy_up(struct init *in, int target, int tree, bool keeps_owner)
{
	auto_fd int from = sys_openat(target, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	auto_fd int to = sys_openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	struct statx st;
	int r;

	if (from < 0 || to < 0)
		return from < 0 ? from : to;
	r = tree_copy(in, from, to, 0);
	if (r == 0)
		r = xattrs_copy(from, to);
	if (r < 0 || !keeps_owner)
		return r;
	r = sys_statx(from, "", AT_EMPTY_PATH, &st);
	return r < 0 ? r : owner_copy(to, ".", &st);
}
