/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dev - device nodes and symlinks of the container.
 *
 * Where nothing is mounted on /dev these are files of the image. So the directory is opened once
 * below the root (target.c), and names in it are only ever made, never followed and never replaced.
 */
#include "init/init.h"

/* The kernel's own packing of a device number for mknod(2). */
unsigned long dev_number(uint32_t major, uint32_t minor)
{
	return (minor & 0xff) | (major << 8) | ((minor & ~0xffu) << 12);
}

/* Whether @fd, which is what stands there now, is the device that was asked for. */
static int same_device(int fd, const struct plan_step *s)
{
	bool has_number = S_ISCHR(s->mknod.mode) || S_ISBLK(s->mknod.mode);
	struct statx st;
	int r = sys_statx(fd, "", AT_EMPTY_PATH, &st);

	if (r < 0)
		return r;
	if ((st.stx_mode & S_IFMT) != (s->mknod.mode & S_IFMT))
		return -EEXIST;
	if (has_number &&
	    (st.stx_rdev_major != s->mknod.major || st.stx_rdev_minor != s->mknod.minor))
		return -EEXIST;
	return 0;
}

/* One that is there already is right when it is the same device. A new one may have been exchanged
 * before it gets its owner, so that goes to what was looked at. */
int step_mknod(struct init *in, const struct plan_step *s)
{
	const char *name;
	int dir = target_parent(in, plan_need(in, s->mknod.path), &name);
	auto_path int fd = -1;
	bool made;
	int r;

	if (dir < 0)
		return dir;
	r = sys_mknodat(dir, name, s->mknod.mode, dev_number(s->mknod.major, s->mknod.minor));
	if (r == 0 && s->mknod.uid == 0 && s->mknod.gid == 0)
		return 0;
	if (r < 0 && r != -EEXIST)
		return r;
	made = r == 0;
	fd = sys_openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
	r = fd < 0 ? fd : same_device(fd, s);
	if (r == 0 && made)
		r = sys_fchownat(fd, "", s->mknod.uid, s->mknod.gid, AT_EMPTY_PATH);
	return r;
}

int step_symlink(struct init *in, const struct plan_step *s)
{
	const char *target = plan_need(in, s->symlink.target);
	const char *name;
	struct statx st;
	int dir, r;

	/* the root is not entered yet, so an absolute target is looked for on the host */
	if ((s->flags & PLAN_IGNORE_MISSING) != 0 &&
	    sys_statx(AT_FDCWD, target, AT_SYMLINK_NOFOLLOW, &st) < 0)
		return 0;
	dir = target_parent(in, plan_need(in, s->symlink.path), &name);
	if (dir < 0)
		return dir;
	r = sys_symlinkat(target, dir, name);
	return r == -EEXIST ? 0 : r;
}
