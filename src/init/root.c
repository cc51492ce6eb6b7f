/* SPDX-License-Identifier: Apache-2.0 */
/*
 * root - entering the container's root, and the directory that its program starts in.
 */
#include "init/init.h"

/*
 * pivot_root(".", ".") stacks the old root on top of the new one, so it needs no directory for it;
 * what is on top is then taken away. PROPAGATION was before, so the host's own mounts stay.
 */
int step_pivot(struct init *in, const struct plan_step *s)
{
	int r = sys_fchdir(target_root(in));

	(void)s;
	if (r == 0)
		r = sys_pivot_root(".", ".");
	if (r == 0)
		r = sys_umount2(".", MNT_DETACH);
	if (r == 0)
		r = sys_chdir("/");
	return r;
}

/*
 * The host's procfs and sysfs stay in the namespace when the old root does. The kernel takes them
 * for proof that the container may see all of a new procfs, masked paths or not, so they go. Where
 * they are no mounts, or locked by a user namespace, there is nothing that could be done.
 */
static void old_mounts_detach(void)
{
	(void)sys_umount2("/proc", MNT_DETACH);
	(void)sys_umount2("/sys", MNT_DETACH);
}

/*
 * For a root that cannot be pivoted away, such as an initramfs: the attached tree covers "/", so it
 * is enough to go there. Without a mount namespace there is only a directory to stay below.
 */
int step_chroot(struct init *in, const struct plan_step *s)
{
	int r;

	if (s->attach_root.slot == PLAN_NO_SLOT) {
		old_mounts_detach();
	} else {
		target_forget(in);
		fd_close(&in->root_fd);
		in->root_fd = plan_slot(in, s->attach_root.slot);
	}
	r = sys_fchdir(target_root(in));
	if (r == 0)
		r = sys_chroot(".");
	return r == 0 ? sys_chdir("/") : r;
}

/*
 * A working directory that cannot be reached from the root is outside of it: one that a leaked
 * descriptor led to (CVE-2024-21626). The kernel then says "(unreachable)" in front of it.
 */
static int cwd_check(struct init *in)
{
	char path[PATH_SIZE];
	int r = sys_getcwd(path, sizeof(path));

	if (r < 0)
		return r;
	if (path[0] != '/') {
		fail_text(in, "the directory is outside of the container's root");
		return -EXDEV;
	}
	return 0;
}

static int cwd_enter(struct init *in, const struct plan_step *s)
{
	const char *path = plan_need(in, s->path.path);
	auto_path int fd = s->flags & PLAN_EXISTING ? target_find(in, path, O_PATH | O_DIRECTORY, 0)
						    : target_make(in, path, PLAN_TARGET_DIR);
	int r;

	if (fd < 0) /* the read-only root is why it is not made, not what is wrong */
		return fd == -EROFS ? -ENOENT : fd;
	r = sys_fchdir(fd);
	return r < 0 ? r : cwd_check(in);
}

/*
 * Missing directories are made by the container's root. A directory that is closed to root (on
 * NFS, say) may be open to the user: that is tried again once we are the user.
 */
int step_cwd(struct init *in, const struct plan_step *s)
{
	int r = cwd_enter(in, s);

	if (r == -EACCES && in->late_cwd == NULL) {
		in->late_cwd = s;
		return 0;
	}
	return r;
}

int cwd_retry(struct init *in)
{
	const struct plan_step *s = in->late_cwd;

	if (s == NULL)
		return 0;
	in->late_cwd = NULL;
	fail_text(in, plan_need(in, s->path.path));
	return cwd_enter(in, s);
}
