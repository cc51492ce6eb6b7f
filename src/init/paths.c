/* SPDX-License-Identifier: Apache-2.0 */
/*
 * paths - what the container may not see or write: masked and read-only paths.
 *
 * A path that is masked is covered, not removed: a file by the container's own /dev/null, a
 * directory by an empty read-only tmpfs (mount(2) on "." resolves nothing). /dev/null is opened
 * once and has to be what it says (character device 1:3: CVE-2025-31133 was a symlink there); from
 * then on it is cloned by descriptor. Each clone is attached as soon as it is made, because letting
 * a detached one go costs a wait for the whole machine's processors.
 *
 * What is not there needs no cover.
 *
 * The same /dev/null takes the place of the host's on the standard streams.
 */
#include "init/init.h"

static const struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};

#define CLONE_TREE (AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)

static bool is_missing(int r)
{
	return r == -ENOENT || r == -ENOTDIR;
}

/* Attributes are only added, so those that a user namespace has locked stay as they are. */
int step_readonly_path(struct init *in, const struct plan_step *s)
{
	auto_path int target = target_find(in, plan_need(in, s->path.path), O_PATH, 0);
	unsigned below = (s->flags & PLAN_AND_BELOW) != 0 ? AT_RECURSIVE : 0;
	auto_path int tree = -1;
	int r;

	if (target < 0)
		return is_missing(target) ? 0 : target;
	tree = sys_open_tree(target, "", CLONE_TREE | AT_RECURSIVE);
	if (tree < 0)
		return tree;
	r = sys_mount_setattr(tree, "", AT_EMPTY_PATH | below, &read_only);
	return r < 0 ? r : target_attach(in, tree, target);
}

static bool is_null(const struct statx *st)
{
	return S_ISCHR(st->stx_mode) && st->stx_rdev_major == 1 && st->stx_rdev_minor == 3;
}

/* The container's own /dev/null, checked. */
static int null_open(struct init *in)
{
	auto_fd int fd = target_find(in, "/dev/null", O_PATH | O_NOFOLLOW, 0);
	struct statx st;
	int r;

	if (fd < 0)
		return fd;
	r = sys_statx(fd, "", AT_EMPTY_PATH, &st);
	if (r < 0)
		return r;
	if (!is_null(&st)) {
		fail_text(in, "/dev/null is not the null device");
		return -EINVAL;
	}
	in->null_fd = fd_take(&fd);
	return 0;
}

static int mask_file(struct init *in, int target)
{
	auto_path int tree = -1;
	int r = in->null_fd < 0 ? null_open(in) : 0;

	if (r < 0)
		return r;
	tree = sys_open_tree(in->null_fd, "", CLONE_TREE);
	return tree < 0 ? tree : target_attach(in, tree, target);
}

/*
 * A directory is covered by a file system that has only its top directory, which nobody can write.
 * One that is closed to the root of a user namespace cannot be gone to; that it is covered needs no
 * right in it.
 */
static int mask_directory(struct init *in, int target, int closed)
{
	const unsigned long flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
	const char *name = "tmpfs", *data = "nr_inodes=2,mode=0755";
	/* of variables: a constant with pointers in it would have to be relocated */
	const struct mount_words words = {.source = name, .fstype = name, .data = data};
	auto_path int tree = -1;

	if (closed == 0)
		return sys_mount(name, ".", name, flags, data);
	tree = mount_make(in, &words, flags);
	return tree < 0 ? tree : target_attach(in, tree, target);
}

int step_mask(struct init *in, const struct plan_step *s)
{
	auto_path int target = target_find(in, plan_need(in, s->path.path), O_PATH, 0);
	int r;

	if (target < 0)
		return is_missing(target) ? 0 : target;
	r = sys_fchdir(target);
	if (r == 0 || r == -EACCES)
		return mask_directory(in, target, r);
	return r == -ENOTDIR ? mask_file(in, target) : r;
}

int step_root_attr(struct init *in, const struct plan_step *s)
{
	const struct mount_attr attr = {.attr_set = s->root_attr.attr_set};
	int root = target_root(in);

	return root < 0 ? root : sys_mount_setattr(root, "", AT_EMPTY_PATH, &attr);
}

/* Only where /dev is ours alone, so that the name is still what was checked. */
int step_null_stdio(struct init *in, const struct plan_step *s)
{
	(void)s;
	for (int fd = 0; fd < 3; fd++) {
		auto_fd int own = -1;
		struct statx st;
		int r = sys_statx(fd, "", AT_EMPTY_PATH, &st);

		if (r == 0 && !S_ISFIFO(st.stx_mode))
			in->no_pipes |= 1U << fd;
		if (r < 0 || !is_null(&st))
			continue;
		r = in->null_fd < 0 ? null_open(in) : 0;
		if (r < 0)
			return is_missing(r) ? 0 : r;
		r = sys_fcntl(fd, F_GETFL, 0);
		own = r < 0 ? r : target_find(in, "/dev/null", (uint64_t)(r & O_ACCMODE), 0);
		if (own < 0)
			return own;
		r = sys_dup3(own, fd, 0);
		if (r < 0)
			return r;
	}
	return 0;
}
