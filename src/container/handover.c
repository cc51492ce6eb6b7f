/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handover - opens what a plan's slots ask for.
 *
 * Everything that comes from the host is opened here, in the host's namespaces and with the
 * caller's rights, and leaves this process as a number. Mounts are detached clones with their
 * attributes already set, so that init has nothing to do but to attach them, and nothing that
 * happens in the container can change what is attached.
 *
 * An ordinary user may not clone mounts here. Its container's first process does that, in its own
 * user and mount namespace, before it executes init: what follows is the same.
 */
#include "container/handover.h"

#include "container/hook_output.h"
#include "container/idmap.h"
#include "container/joining.h"
#include "container/state.h"
#include "tinyrun/fd.h"
#include "tinyrun/path.h"
#include "tinyrun/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

int handover_open_namespace(const struct plan_fd *want, int *ret_fd, struct err *e)
{
	auto_fd int fd = -1;
	int type, r = path_open(AT_FDCWD, want->path, O_RDONLY | O_NONBLOCK, &fd, e);

	if (r < 0)
		return r;
	type = ioctl(fd, NS_GET_NSTYPE);
	if (type < 0)
		return err_user(e, "%s is not a namespace", want->path);
	if ((uint64_t)type != want->ns_flag)
		return err_user(e, "%s is a namespace of another type", want->path);
	r = joining_check(fd, want, e);
	if (r < 0)
		return r;
	*ret_fd = fd_take(&fd);
	return 0;
}

/* --- mounts --- */

static int set_attr(int tree_fd, unsigned flags, uint64_t set, uint64_t clr, uint64_t propagation,
		    struct err *e)
{
	struct sys_mount_attr attr = {.attr_set = set, .attr_clr = clr, .propagation = propagation};

	if (!set && !clr && !propagation)
		return 0;
	if (sys_mount_setattr(tree_fd, "", AT_EMPTY_PATH | flags, &attr) < 0)
		return err_sys(e, "set the mount's attributes");
	return 0;
}

static int set_attrs(int tree_fd, const struct plan_fd *want, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < want->n_propagation && r == 0; i++) {
		unsigned long p = want->propagation[i];

		r = set_attr(tree_fd, p & MS_REC ? AT_RECURSIVE : 0, 0, 0,
			     p & ~(unsigned long)MS_REC, e);
	}
	if (r == 0)
		r = set_attr(tree_fd, 0, want->attr_set, want->attr_clr, 0, e);
	if (r == 0) /* has the last word, as with runc and in what init mounts */
		r = set_attr(tree_fd, AT_RECURSIVE, want->rec_set, want->rec_clr, 0, e);
	return r;
}

static int set_idmap(int tree_fd, const struct plan_fd *want, struct err *e)
{
	const struct plan_fd ns = {.path = want->idmap_ns, .ns_flag = CLONE_NEWUSER};
	struct sys_mount_attr attr = {.attr_set = SYS_MOUNT_ATTR_IDMAP};
	auto_fd int ns_fd = -1;
	int r;

	if (!want->idmap)
		return 0;
	if (want->idmap_ns)
		r = handover_open_namespace(&ns, &ns_fd, e);
	else
		r = idmap_namespace(&want->uid_map, &want->gid_map, &ns_fd, e);
	if (r < 0)
		return r;
	attr.userns_fd = (uint64_t)ns_fd;
	if (sys_mount_setattr(tree_fd, "",
			      AT_EMPTY_PATH | (want->idmap_recursive ? AT_RECURSIVE : 0),
			      &attr) < 0)
		return errno == EINVAL || errno == EOPNOTSUPP
			       ? err_num(e, errno, "its file system cannot map the ids of a mount")
			       : err_sys(e, "map the ids of the mount");
	return 0;
}

static int clone_tree(int dir_fd, const char *path, const struct plan_fd *want, int *ret_fd,
		      struct err *e)
{
	auto_fd int tree_fd = -1;
	auto_fd int itself = -1;
	int r;

	if (want->nofollow) {
		itself = openat(dir_fd, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (itself < 0)
			return err_sys(e, "open %s", path);
		dir_fd = itself;
		path = "";
	}
	r = path_open_tree(dir_fd, path, want->recursive, &tree_fd, e);

	if (r == 0)
		r = set_attrs(tree_fd, want, e);
	if (r == 0)
		r = set_idmap(tree_fd, want, e);
	if (r == 0)
		*ret_fd = fd_take(&tree_fd);
	return r;
}

/* What is no symlink, or not there, is left to the bind mount. */
static bool open_symlink(int bundle_fd, const char *path, int *ret_fd)
{
	auto_fd int fd = openat(bundle_fd, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISLNK(st.st_mode))
		return false;
	*ret_fd = fd_take(&fd);
	return true;
}

static int open_bind(struct plan *plan, const struct plan_fd *want, int bundle_fd, int *ret_fd,
		     struct err *e)
{
	auto_fd int tree_fd = -1;
	struct stat st;
	int r;

	if (want->copy_symlink && open_symlink(bundle_fd, want->path, ret_fd)) {
		plan_set_target_link(plan, want->step);
		return 0;
	}
	r = clone_tree(bundle_fd, want->path, want, &tree_fd, e);
	if (r == -EINVAL && !want->recursive)
		(void)err_wrap(e, "other mounts are below it, which rbind would bring along");
	if (r < 0)
		return err_wrap(e, "bind %s on %s", want->path, want->target);
	if (fstat(tree_fd, &st) < 0)
		return err_sys(e, "stat %s", want->path);
	if (!S_ISDIR(st.st_mode))
		plan_set_target_file(plan, want->step);
	*ret_fd = fd_take(&tree_fd);
	return 0;
}

/* A host's device node in place of one that mknod(2) may not make: it has to be what was asked. */
static int open_device(const struct plan_fd *want, int *ret_fd, struct err *e)
{
	auto_fd int tree_fd = -1;
	struct stat st;
	int r = clone_tree(AT_FDCWD, want->path, want, &tree_fd, e);

	if (r < 0)
		return r;
	if (fstat(tree_fd, &st) < 0)
		return err_sys(e, "stat %s", want->path);
	if ((st.st_mode & S_IFMT) != (want->mode & S_IFMT) ||
	    (!S_ISFIFO(st.st_mode) && st.st_rdev != makedev(want->major, want->minor)))
		return err_user(e, "the host's %s is not the device %u:%u", want->path, want->major,
				want->minor);
	*ret_fd = fd_take(&tree_fd);
	return 0;
}

/*
 * The container's own cgroup. Where it has none and shares the view of the host's, that is what it
 * sees: read-only, as it is nobody's to give (CVE-2023-25809).
 */
static int open_cgroup(const struct plan_fd *want, const struct handover_sources *from, int *ret_fd,
		       struct err *e)
{
	struct plan_fd readonly = *want;

	if (from->cgroup_fd >= 0)
		return clone_tree(from->cgroup_fd, "", want, ret_fd, e);
	if (!from->cgroup)
		return err_user(e, "no cgroup2 hierarchy is mounted on this host");
	readonly.attr_set |= MOUNT_ATTR_RDONLY;
	readonly.attr_clr &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	return clone_tree(AT_FDCWD, from->cgroup, &readonly, ret_fd, e);
}

/* --- the rest --- */

/* bind(2) takes a path of 108 bytes at most: it goes by the directory's descriptor. */
static int open_listener(int state_fd, int *ret_fd, struct err *e)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	auto_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_sys(e, "make a socket");
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/" STATE_SOCKET,
		       state_fd);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 8) < 0)
		return err_sys(e, "listen on " STATE_SOCKET);
	*ret_fd = fd_take(&fd);
	return 0;
}

static int duplicate(int fd, int *ret_fd, struct err *e)
{
	*ret_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return *ret_fd < 0 ? err_sys(e, "duplicate a descriptor") : 0;
}

static int open_rootfs(const struct handover_sources *from, const struct plan_fd *want, int *ret_fd,
		       struct err *e)
{
	auto_fd int fd = -1;
	int r;

	if (!from->loose_rootfs)
		return clone_tree(from->rootfs_fd, "", want, ret_fd, e);
	r = duplicate(from->rootfs_fd, &fd, e);
	if (r == 0)
		r = set_attrs(fd, want, e);
	if (r == 0)
		*ret_fd = fd_take(&fd);
	return r;
}

static int open_one(struct plan *plan, size_t slot, const struct handover_sources *from, int *ret,
		    struct err *e)
{
	const struct plan_fd *want = &plan->fds[slot];

	switch (want->kind) {
	case PLAN_FD_NAMESPACE:
		return handover_open_namespace(want, ret, e);
	case PLAN_FD_ROOTFS:
		return open_rootfs(from, want, ret, e);
	case PLAN_FD_BIND:
		return open_bind(plan, want, from->bundle_fd, ret, e);
	case PLAN_FD_DEVICE:
		return open_device(want, ret, e);
	case PLAN_FD_CGROUP:
		return open_cgroup(want, from, ret, e);
	case PLAN_FD_PROGRAM:
		return path_open(AT_FDCWD, want->path, O_PATH, ret, e);
	case PLAN_FD_DIRECTORY:
		return duplicate(from->bundle_fd, ret, e);
	case PLAN_FD_OUTPUT:
		return hook_output_open_file(want->path, ret, e);
	case PLAN_FD_PROCESS:
		return duplicate(from->process_fd, ret, e);
	case PLAN_FD_ROOT:
		return duplicate(from->rootfs_fd, ret, e);
	case PLAN_FD_LISTENER:
		return open_listener(from->state_fd, ret, e);
	case PLAN_FD_TRACE:
		return duplicate(from->trace_fd, ret, e);
	}
	return err_user(e, "slot %zu is of no known kind", slot);
}

static bool is_mount(const struct plan_fd *want)
{
	return want->kind == PLAN_FD_ROOTFS || want->kind == PLAN_FD_BIND ||
	       want->kind == PLAN_FD_DEVICE || want->kind == PLAN_FD_CGROUP;
}

static int make_room(const struct plan *plan, struct handover *h, struct err *e)
{
	if (h->fds)
		return 0;
	h->n = plan->n_fds;
	h->fds = calloc(plan->n_fds + 1, sizeof(*h->fds));
	if (!h->fds)
		return err_num(e, ENOMEM, "open the container's files");
	for (size_t i = 0; i < h->n; i++)
		h->fds[i] = -1;
	return 0;
}

int handover_open(struct plan *plan, const struct handover_sources *from, enum handover_part part,
		  struct handover *ret, struct err *e)
{
	int r = make_room(plan, ret, e);

	for (size_t i = 0; i < ret->n && r == 0; i++) {
		const char *origin = plan->fds[i].origin;

		if (part != HANDOVER_ALL && is_mount(&plan->fds[i]) != (part == HANDOVER_MOUNTS))
			continue;
		r = open_one(plan, i, from, &ret->fds[i], e);
		if (r < 0)
			return origin && *origin ? err_wrap(e, "%s", origin) : r;
		plan_set_slot(plan, i, ret->fds[i]);
	}
	return r;
}

/* A name is looked up a second time here: it has to lead to where it led before. */
static int open_same(const char *path, int first_fd, int *ret_fd, struct err *e)
{
	auto_fd int fd = -1;
	struct stat first, now;
	int r = path_open(AT_FDCWD, path, O_PATH | O_DIRECTORY, &fd, e);

	if (r < 0)
		return r;
	if (fstat(first_fd, &first) < 0 || fstat(fd, &now) < 0)
		return err_sys(e, "stat %s", path);
	if (first.st_dev != now.st_dev || first.st_ino != now.st_ino)
		return err_user(e, "%s is another directory than a moment ago", path);
	*ret_fd = fd_take(&fd);
	return 0;
}

int handover_open_copies(struct plan *plan, const struct handover_sources *from,
			 struct handover *ret, struct err *e)
{
	struct handover_sources copies = *from;
	int r = open_same(from->bundle, from->bundle_fd, &copies.bundle_fd, e);

	if (r == 0)
		r = open_same(from->rootfs, from->rootfs_fd, &copies.rootfs_fd, e);
	if (r == 0 && from->cgroup_fd >= 0 && from->cgroup)
		r = open_same(from->cgroup, from->cgroup_fd, &copies.cgroup_fd, e);
	return r < 0 ? r : handover_open(plan, &copies, HANDOVER_MOUNTS, ret, e);
}

void handover_done(struct handover *h)
{
	for (size_t i = 0; h->fds && i < h->n; i++)
		fd_close(&h->fds[i]);
	free(h->fds);
	*h = HANDOVER_INIT;
}
