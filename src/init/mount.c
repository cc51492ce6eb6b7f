/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount - the container's tree: its root, its file systems, the mounts that the host handed over.
 *
 * A mount point is one descriptor (target.c) and everything is put on that descriptor: a detached
 * mount by move_mount, a file system of the common kind by mount(2) on "." after fchdir, which
 * looks nothing up either and is one call where the new interface takes five. What needs attributes
 * or a propagation before anybody can see it goes the long way: configured, made and changed while
 * it is detached, then attached.
 *
 * The working directory is left in the last mount point. Nothing depends on it until the root is
 * entered, which begins with a directory of its own.
 */
#include "init/init.h"

#include <asm/statfs.h>
#include <linux/magic.h>

/* --- mount points --- */

static bool is_below_proc(const char *path)
{
	static const char proc[] = "/proc/";
	size_t i = 0;

	while (proc[i] != '\0' && path[i] == proc[i])
		i++;
	return proc[i] == '\0';
}

/*
 * The plan has looked at what may be covered in /proc by the words of the path. A symlink of the
 * image could still lead there, and have security labels written to a faked file (CVE-2019-16884).
 */
static int check_not_proc(struct init *in, const char *path, int target)
{
	struct statfs fs;
	int r = in->followed && !is_below_proc(path) ? sys_fstatfs(target, &fs) : 0;

	if (r < 0 || !in->followed || is_below_proc(path) || fs.f_type != PROC_SUPER_MAGIC)
		return r;
	fail_text(in, "a symlink leads into /proc, where only a few files may be covered");
	return -EPERM;
}

static int mount_point(struct init *in, const char *path, uint32_t kind, unsigned flags)
{
	auto_path int target = (flags & PLAN_NOFOLLOW) != 0 ? target_make_nofollow(in, path, kind)
							    : target_make(in, path, kind);
	int r = target < 0 ? target : check_not_proc(in, path, target);

	return r < 0 ? r : fd_take(&target);
}

static int setattr(int fd, const struct mount_attr *attr, unsigned flags)
{
	return sys_mount_setattr(fd, "", AT_EMPTY_PATH | flags, attr);
}

int step_propagation(struct init *in, const struct plan_step *s)
{
	(void)in;
	return sys_mount(NULL, "/", NULL, s->propagation.ms_flags, NULL);
}

int step_root_propagation(struct init *in, const struct plan_step *s)
{
	return step_propagation(in, s);
}

/*
 * Attach the root file system on top of "/". From here on it is where targets are found, although
 * this process still has the old root. Both are cut off from the host's mounts: "/" by PROPAGATION,
 * the tree by the host that made it.
 */
int step_attach_root(struct init *in, const struct plan_step *s)
{
	int fd = plan_slot(in, s->attach_root.slot);
	int r = sys_move_mount(fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);

	if (r == 0) {
		target_forget(in);
		fd_close(&in->root_fd);
		in->root_fd = fd;
	}
	return r;
}

/* The same link may be there already. */
static int link_compare(int dir, const char *name, const char *text, size_t len)
{
	char there[PATH_SIZE];
	long n = sys_readlinkat(dir, name, there, sizeof(there));

	if (n < 0 || (size_t)n != len)
		return -EEXIST;
	for (size_t i = 0; i < len; i++) {
		if (there[i] != text[i])
			return -EEXIST;
	}
	return 0;
}

/* copy-symlink: the host's link is made here. Another entry is in the way. */
static int link_make(struct init *in, int link, const char *target)
{
	char text[PATH_SIZE];
	const char *name;
	long n = sys_readlinkat(link, "", text, sizeof(text) - 1);
	int dir = n < 0 ? (int)n : target_parent(in, target, &name);
	int r;

	if (dir < 0)
		return dir;
	text[n] = '\0';
	r = sys_symlinkat(text, dir, name);
	return r == -EEXIST ? link_compare(dir, name, text, (size_t)n) : r;
}

int step_attach(struct init *in, const struct plan_step *s)
{
	auto_path int tree = plan_slot(in, s->attach.slot);
	const char *path = plan_need(in, s->attach.target);
	uint32_t kind = s->attach.target_kind;
	auto_path int target = -1;

	if (kind == PLAN_TARGET_LINK)
		return link_make(in, tree, path);
	target = mount_point(in, path, kind, s->flags);
	return target < 0 ? target : target_attach(in, tree, target);
}

int step_setattr(struct init *in, const struct plan_step *s)
{
	const struct mount_attr attr = {
		.attr_set = s->setattr.attr_set,
		.attr_clr = s->setattr.attr_clr,
		.propagation = s->setattr.ms_propagation & ~(uint64_t)MS_REC,
	};
	auto_path int target = target_find(in, plan_need(in, s->setattr.target), O_PATH, 0);

	if (target < 0)
		return target;
	return setattr(target, &attr, s->setattr.recursive != 0 ? AT_RECURSIVE : 0);
}

/* --- file systems --- */

static int mount_direct(struct init *in, const struct mount_words *w, uint64_t flags, int target)
{
	int r = sys_fchdir(target);

	target_forget(in);
	if (r == 0)
		r = sys_mount(w->source, ".", w->fstype, flags, w->data);
	if (r == -EINVAL && w->data != NULL)
		fail_text(in, w->data);
	return r;
}

/* MOUNT_ATTR_* for the flags of mount(2) that belong to the mount. */
static unsigned attributes_of(uint64_t ms_flags)
{
	static const struct {
		unsigned ms, attribute;
	} words[] = {
		{MS_RDONLY, MOUNT_ATTR_RDONLY},         {MS_NOSUID, MOUNT_ATTR_NOSUID},
		{MS_NODEV, MOUNT_ATTR_NODEV},           {MS_NOEXEC, MOUNT_ATTR_NOEXEC},
		{MS_NOATIME, MOUNT_ATTR_NOATIME},       {MS_STRICTATIME, MOUNT_ATTR_STRICTATIME},
		{MS_NODIRATIME, MOUNT_ATTR_NODIRATIME}, {MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW},
	};
	unsigned attributes = 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (ms_flags & words[i].ms)
			attributes |= words[i].attribute;
	}
	return attributes;
}

/* The flags of mount(2) that belong to the file system. */
static int configure_flags(int fs, uint64_t ms_flags)
{
	static const struct {
		unsigned ms;
		char word[12];
	} words[] = {
		{MS_RDONLY, "ro"},     {MS_SYNCHRONOUS, "sync"},  {MS_DIRSYNC, "dirsync"},
		{MS_MANDLOCK, "mand"}, {MS_LAZYTIME, "lazytime"},
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(words) / sizeof(words[0]); i++) {
		if (ms_flags & words[i].ms)
			r = sys_fsconfig(fs, FSCONFIG_SET_FLAG, words[i].word, NULL);
	}
	return r;
}

/* Take the next word of *at, up to a comma outside of double quotes, which fall away. */
static int option_next(const char **at, char *to, size_t size, char **ret_value)
{
	size_t len = 0;
	bool quoted = false;

	*ret_value = NULL;
	for (; **at != '\0' && (quoted || **at != ','); (*at)++) {
		if (len + 1 >= size)
			return -ENAMETOOLONG;
		if (**at == '"') {
			quoted = !quoted;
		} else if (**at == '=' && *ret_value == NULL) {
			to[len++] = '\0';
			*ret_value = to + len;
		} else {
			to[len++] = **at;
		}
	}
	to[len] = '\0';
	if (**at == ',')
		(*at)++;
	return 0;
}

static int configure_data(int fs, const char *data)
{
	char option[PATH_SIZE], *value;
	int r = 0;

	while (r == 0 && data != NULL && *data != '\0') {
		r = option_next(&data, option, sizeof(option), &value);
		if (r < 0 || (option[0] == '\0' && value == NULL))
			continue;
		r = sys_fsconfig(fs, value != NULL ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG,
				 option, value);
	}
	return r;
}

/* The first complaint that the kernel wrote down about @fs. */
static void complaint_read(struct init *in, int fs)
{
	char text[PLAN_MSG_TEXT];
	long n = sys_read(fs, text, sizeof(text) - 1);

	if (n > 2) { /* "e " or "w " and the words */
		text[n] = '\0';
		if (text[n - 1] == '\n')
			text[n - 1] = '\0';
		fail_text(in, text + 2);
	}
}

int mount_make(struct init *in, const struct mount_words *w, uint64_t ms_flags)
{
	auto_fd int fs = sys_fsopen(w->fstype, FSOPEN_CLOEXEC);
	int r;

	if (fs < 0)
		return fs;
	r = configure_flags(fs, ms_flags);
	if (r == 0 && w->source != NULL)
		r = sys_fsconfig(fs, FSCONFIG_SET_STRING, "source", w->source);
	if (r == 0)
		r = configure_data(fs, w->data);
	if (r == 0)
		r = sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL);
	if (r == 0)
		r = sys_fsmount(fs, FSMOUNT_CLOEXEC, attributes_of(ms_flags));
	if (r < 0)
		complaint_read(in, fs);
	return r;
}

static int mount_detached(struct init *in, const struct mount_words *w, const struct plan_step *s,
			  int target)
{
	const struct mount_attr attr = {
		.attr_set = s->mount.attr_set,
		.attr_clr = s->mount.attr_clr,
		.propagation = s->mount.ms_propagation & ~(uint64_t)MS_REC,
	};
	bool copies = (s->flags & PLAN_COPY_UP) != 0;
	uint64_t ms_flags = s->mount.ms_flags & ~(uint64_t)(copies ? MS_RDONLY : 0);
	auto_path int tree = (s->flags & PLAN_OF_CHILD) != 0 ? mount_make_elsewhere(in, w, ms_flags)
							     : mount_make(in, w, ms_flags);
	int r = 0;

	if (tree < 0)
		return tree;
	if (copies)
		r = copy_up(in, target, tree, (s->flags & PLAN_KEEP_OWNER) != 0);
	if (r == 0 && ms_flags != s->mount.ms_flags)
		r = setattr(tree, &(struct mount_attr){.attr_set = MOUNT_ATTR_RDONLY}, 0);
	if (r == 0)
		r = setattr(tree, &attr, AT_RECURSIVE);
	return r < 0 ? r : target_attach(in, tree, target);
}

/*
 * @data and the mode of the mount point at @path, for a tmpfs that was given none: a directory such
 * as /run is not for everybody to write. A mount point that is yet to be made has no mode to keep,
 * and the kernel's 1777 lets any user of the container work there.
 */
static int data_with_mode(struct init *in, const char *path, const char **data, char to[PATH_SIZE])
{
	size_t len = *data != NULL ? strlen(*data) : 0;
	auto_path int fd = target_find(in, path, O_PATH | O_DIRECTORY, 0);
	struct statx st;
	int r;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r = sys_statx(fd, "", AT_EMPTY_PATH, &st);
	if (r < 0)
		return r;
	if (len + sizeof(",mode=7777") > PATH_SIZE)
		return -ENAMETOOLONG;
	if (len > 0) {
		memcpy(to, *data, len);
		to[len++] = ',';
	}
	memcpy(to + len, "mode=", 5);
	len += 5;
	for (unsigned shift = 12; shift > 0; shift -= 3)
		to[len++] = (char)('0' + ((st.stx_mode >> (shift - 3)) & 7));
	to[len] = '\0';
	*data = to;
	return 0;
}

/* What belongs to the file system; what belongs to the mount on @target is SETATTR's. */
int step_remount(struct init *in, const struct plan_step *s)
{
	auto_path int target = target_find(in, plan_need(in, s->mount.target), O_PATH, 0);
	auto_fd int fs = -1;
	int r;

	if (target < 0)
		return target;
	fs = sys_fspick(target, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH);
	if (fs < 0)
		return fs;
	r = configure_flags(fs, s->mount.ms_flags);
	if (r == 0)
		r = configure_data(fs, plan_text(in, s->mount.data));
	if (r == 0)
		r = sys_fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL);
	if (r < 0)
		complaint_read(in, fs);
	return r;
}

int step_mount(struct init *in, const struct plan_step *s)
{
	struct mount_words w = {
		.fstype = plan_need(in, s->mount.fstype),
		.source = plan_text(in, s->mount.source),
		.data = plan_text(in, s->mount.data),
	};
	const char *path = plan_need(in, s->mount.target);
	auto_path int target = -1;
	char data[PATH_SIZE];
	int r = 0;

	if (s->flags & PLAN_KEEP_MODE)
		r = data_with_mode(in, path, &w.data, data);
	if (r < 0)
		return r;
	target = mount_point(in, path, s->mount.target_kind, 0);
	if (target < 0)
		return target;
	if ((s->flags & (PLAN_COPY_UP | PLAN_OF_CHILD)) != 0 || s->mount.attr_set != 0 ||
	    s->mount.attr_clr != 0 || s->mount.ms_propagation != 0)
		return mount_detached(in, &w, s, target);
	r = mount_direct(in, &w, s->mount.ms_flags, target);
	/*
	 * mount(2) refuses a file system on top of itself: cgroup2 in a /sys that is the host's.
	 * A directory that is closed to the root of a user namespace cannot be gone to.
	 */
	return r == -EBUSY || r == -EACCES ? mount_detached(in, &w, s, target) : r;
}

/*
 * No symlink on the way, so that what is named is what goes, and the way is looked up once. umount2
 * takes names: that of a directory is ".", and a file's stands in the directory that was opened,
 * where nobody can rename what something is mounted on.
 */
int step_unmount(struct init *in, const struct plan_step *s)
{
	const char *name;
	auto_path int dir = target_parent_exact(in, plan_need(in, s->path.path), &name);
	auto_path int fd = -1;
	int r;

	if (dir < 0)
		return dir;
	fd = sys_openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
	if (fd < 0)
		return fd;
	r = sys_fchdir(fd);
	if (r == 0)
		name = ".";
	if (r == -ENOTDIR)
		r = sys_fchdir(dir);
	if (r == 0)
		r = sys_umount2(name, MNT_DETACH | UMOUNT_NOFOLLOW);
	if (r == -EINVAL)
		fail_text(in, "nothing is mounted there");
	return r == 0 ? sys_chdir("/") : r;
}
