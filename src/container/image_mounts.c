/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_mounts - the mounts of a container that an image does not have in it.
 *
 * Which these are the plan says: what init attaches of that which the host has opened. CRIU knows
 * them by their mount points, in which it wants no symlink.
 */
#include "container/image.h"

#include "tinyrun/fd.h"
#include "tinyrun/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool is_external(const struct plan_fd *fd)
{
	return fd->target && (fd->kind == PLAN_FD_BIND || fd->kind == PLAN_FD_DEVICE ||
			      fd->kind == PLAN_FD_CGROUP);
}

/* @target without its symlinks, as the root file system has them; itself where it is not there. */
static int mount_point(int rootfs_fd, const char *target, char **ret, struct err *e)
{
	auto_free char *root = NULL, *path = NULL;
	auto_fd int fd = -1;
	struct err missing = ERR_INIT;
	size_t len;
	int r = path_of_fd(rootfs_fd, &root, e);

	if (r < 0)
		return r;
	len = strcmp(root, "/") == 0 ? 0 : strlen(root);
	if (path_open_in(rootfs_fd, target, O_PATH, &fd, &missing) == 0 &&
	    path_of_fd(fd, &path, &missing) == 0 && strncmp(path, root, len) == 0 &&
	    path[len] == '/')
		target = path + len;
	*ret = strdup(target);
	return *ret ? 0 : err_num(e, ENOMEM, "list the mounts");
}

/* Where a mount comes from, as an absolute path. */
static int source_of(const struct plan_fd *fd, int bundle_fd, const char *cgroup, char **ret,
		     struct err *e)
{
	auto_fd int source_fd = -1;
	int r;

	if (fd->kind == PLAN_FD_CGROUP) {
		*ret = strdup(cgroup ? cgroup : "");
		return *ret ? 0 : err_num(e, ENOMEM, "list the mounts");
	}
	r = path_open(bundle_fd, fd->path, O_PATH, &source_fd, e);
	return r < 0 ? r : path_of_fd(source_fd, ret, e);
}

int image_put_mounts(const struct plan *plan, int rootfs_fd, int bundle_fd, const char *cgroup,
		     struct buf *opts, struct err *e)
{
	for (size_t i = 0; i < plan->n_fds; i++) {
		const struct plan_fd *fd = &plan->fds[i];
		auto_free char *point = NULL, *source = NULL;
		int r;

		if (!is_external(fd))
			continue;
		if (fd->idmap)
			return err_user(e,
					"%s: CRIU cannot restore a mount whose ids are mapped (%s)",
					fd->origin, fd->target);
		r = mount_point(rootfs_fd, fd->target, &point, e);
		if (r == 0 && bundle_fd >= 0)
			r = source_of(fd, bundle_fd, cgroup, &source, e);
		if (r < 0)
			return err_wrap(e, "%s", fd->origin);
		criu_put_pair(opts, CRIU_EXT_MNT, point, source ? source : point);
	}
	return 0;
}

/* --- mount points --- */

/* The mount point of a step; NULL: it has none to be made. */
static const char *target_of(const struct plan *plan, size_t i)
{
	const struct plan_step *step = plan_step(plan, i);

	if (step->kind == STEP_MOUNT)
		return plan_str(plan, step->mount.target);
	return step->kind == STEP_ATTACH ? plan_str(plan, step->attach.target) : NULL;
}

static bool is_directory(const struct plan *plan, size_t i, int bundle_fd)
{
	const struct plan_step *step = plan_step(plan, i);
	const struct plan_fd *fd = step->kind == STEP_ATTACH ? &plan->fds[step->attach.slot] : NULL;
	auto_fd int source_fd = -1;
	struct err missing = ERR_INIT;
	struct stat st;

	if (fd && fd->kind == PLAN_FD_BIND &&
	    path_open(bundle_fd, fd->path, O_PATH, &source_fd, &missing) == 0 &&
	    fstat(source_fd, &st) == 0)
		return S_ISDIR(st.st_mode);
	return !fd || fd->kind != PLAN_FD_DEVICE;
}

/* On a file system that is mounted itself: CRIU restores its contents, or it is the host's. */
static bool is_covered(const struct plan *plan, size_t upto, const char *target)
{
	for (size_t i = 0; i < upto; i++) {
		const char *other = target_of(plan, i);
		size_t len = other ? strlen(other) : 0;

		if (len > 1 && strncmp(target, other, len) == 0 && target[len] == '/')
			return true;
	}
	return false;
}

int image_make_targets(const struct plan *plan, int rootfs_fd, int bundle_fd, struct err *e)
{
	size_t n = plan_header(plan)->n_steps;

	for (size_t i = 0; i < n; i++) {
		const char *target = target_of(plan, i);
		int r;

		if (!target || is_covered(plan, i, target))
			continue;
		r = path_make_in(rootfs_fd, target, is_directory(plan, i, bundle_fd), e);
		if (r < 0)
			return r;
	}
	return 0;
}
