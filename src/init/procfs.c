/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procfs - writing to files of /proc, without the /proc that the container has.
 *
 * What is mounted on the container's /proc may be anything (CVE-2019-16884). So a procfs is made
 * that is mounted nowhere, and a file is opened below it without crossing a mount or following a
 * link. A kernel that does not let a user namespace make one (its pid namespace is not its own, or
 * something covers the host's /proc) leaves the host's, which is "/proc" until the root is entered:
 * that has to be the top of a procfs.
 */
#include "init/init.h"

#include <asm/statfs.h>

#define PROC_ROOT_INODE 1
#define PID_SIZE        16
#define SELF_SIZE       64

static int procfs_make(void)
{
	auto_fd int fs = sys_fsopen("proc", FSOPEN_CLOEXEC);
	int r;

	if (fs < 0)
		return fs;
	r = sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL);
	if (r < 0)
		return r;
	return sys_fsmount(fs, FSMOUNT_CLOEXEC,
			   MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

static int procfs_open_hosts(void)
{
	auto_fd int fd = sys_openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	struct statfs fs;
	struct statx st;
	int r;

	if (fd < 0)
		return fd;
	r = sys_fstatfs(fd, &fs);
	if (r == 0)
		r = sys_statx(fd, "", AT_EMPTY_PATH, &st);
	if (r == 0 && (fs.f_type != PROC_MAGIC || st.stx_ino != PROC_ROOT_INODE))
		r = -EXDEV;
	return r < 0 ? r : fd_take(&fd);
}

static int procfs_open(struct init *in)
{
	if (in->proc_fd < 0)
		in->proc_fd = procfs_make();
	if (in->proc_fd == -EPERM)
		in->proc_fd = procfs_open_hosts();
	return in->proc_fd;
}

/* The file @path, which is neither behind a link nor on another mount. */
static int procfs_find(struct init *in, const char *path, uint64_t flags)
{
	const struct open_how how = {
		.flags = O_CLOEXEC | O_NOFOLLOW | flags,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS |
			   RESOLVE_NO_MAGICLINKS,
	};
	int proc = procfs_open(in);

	return proc < 0 ? proc : sys_openat2(proc, path, &how);
}

/* Write @text to the file @path, in one piece, as the files of procfs want it. */
static int procfs_write(struct init *in, const char *path, const char *text, size_t len)
{
	auto_fd int fd = procfs_find(in, path, O_WRONLY);
	long n;

	if (fd < 0)
		return fd;
	n = sys_write(fd, text, len);
	if (n < 0)
		return (int)n;
	return (size_t)n == len ? 0 : -EINVAL;
}

/* "PID/@path" with our own pid as this procfs counts: that is what its link "self" says. */
static int self_path(struct init *in, const char *path, char to[SELF_SIZE])
{
	size_t len = strlen(path);
	int proc = procfs_open(in);
	long n = proc < 0 ? proc : sys_readlinkat(proc, "self", to, PID_SIZE);

	if (n < 0)
		return (int)n;
	if (n == PID_SIZE || (size_t)n + 1 + len >= SELF_SIZE)
		return -ENAMETOOLONG;
	to[n] = '/';
	memcpy(to + n + 1, path, len + 1);
	return 0;
}

/* Whether our own process has the file @path. */
int procfs_find_self(struct init *in, const char *path)
{
	char full[SELF_SIZE];
	int r = self_path(in, path, full);
	auto_fd int fd = r < 0 ? r : procfs_find(in, full, O_PATH);

	return fd < 0 ? fd : 0;
}

int procfs_write_self(struct init *in, const char *path, const char *text, size_t len)
{
	char full[SELF_SIZE];
	int r = self_path(in, path, full);

	return r < 0 ? r : procfs_write(in, full, text, len);
}

int step_sysctl(struct init *in, const struct plan_step *s)
{
	const char *value = plan_need(in, s->sysctl.value);

	return procfs_write(in, plan_need(in, s->sysctl.path), value, strlen(value));
}
