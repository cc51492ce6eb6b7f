/* SPDX-License-Identifier: Apache-2.0 */
/*
 * console - the container's terminal.
 *
 * Both ends come from the container's own devpts. Its names belong to the image until it is proven
 * that they do not: the directory is opened below the root and has to be a devpts, the master in it
 * has to be character device 5:2; the slave is not opened by name but asked from the master
 * (TIOCGPTPEER), and what is put on /dev/console is a clone of that very descriptor. CVE-2025-52565
 * was a name in between.
 */
#include "init/init.h"

#include <asm/ioctls.h>
#include <asm/statfs.h>
#include <linux/ioctl.h>

struct window_size {
	unsigned short rows, columns, width, height;
};

/* The container's devpts: a directory in which nobody but the kernel makes files. */
static int devpts_open(struct init *in)
{
	auto_fd int fd = target_find(in, "/dev/pts", O_PATH | O_DIRECTORY, 0);
	struct statfs fs;
	int r;

	if (fd < 0)
		return fd;
	r = sys_fstatfs(fd, &fs);
	if (r == 0 && fs.f_type != DEVPTS_MAGIC) {
		fail_text(in, "/dev/pts is no devpts");
		r = -ENOTTY;
	}
	return r < 0 ? r : fd_take(&fd);
}

static int master_open(struct init *in)
{
	auto_fd int pts = devpts_open(in);
	auto_fd int fd = -1;
	const int unlocked = 0;
	struct statx st;
	int r;

	if (pts < 0)
		return pts;
	fd = sys_openat(pts, "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC, 0);
	if (fd < 0)
		return fd;
	r = sys_statx(fd, "", AT_EMPTY_PATH, &st);
	if (r < 0)
		return r;
	if (!S_ISCHR(st.stx_mode) || st.stx_rdev_major != 5 || st.stx_rdev_minor != 2)
		return -ENOTTY; /* a config may mount anything there */
	r = sys_ioctl(fd, TIOCSPTLCK, &unlocked);
	return r < 0 ? r : fd_take(&fd);
}

/* /dev/console as a place to attach to: a file that is there already must not be a symlink. */
static int console_file(struct init *in)
{
	const char *name;
	int dir = target_parent(in, "/dev/console", &name);
	auto_fd int fd = -1;
	struct statx st;
	int r;

	if (dir < 0)
		return dir;
	fd = sys_openat(dir, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDONLY | O_CLOEXEC, 0600);
	if (fd != -EEXIST)
		return fd < 0 ? fd : fd_take(&fd);
	fd = sys_openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
	if (fd < 0)
		return fd;
	r = sys_statx(fd, "", AT_EMPTY_PATH, &st);
	if (r < 0)
		return r;
	if (!S_ISREG(st.stx_mode) && !S_ISCHR(st.stx_mode))
		return -ELOOP;
	return fd_take(&fd);
}

static int console_attach(struct init *in, int slave)
{
	auto_fd int target = console_file(in);
	auto_fd int tree = -1;

	if (target < 0)
		return target;
	tree = sys_open_tree(slave, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	return tree < 0 ? tree : target_attach(in, tree, target);
}

/* The terminal is the standard streams, and this session's unless another one is to come. */
static int slave_take(int slave, bool of_child)
{
	int r = of_child ? 0 : sys_ioctl(slave, TIOCSCTTY, NULL);

	for (int fd = 0; r >= 0 && fd <= 2; fd++)
		r = sys_dup3(slave, fd, 0);
	return r < 0 ? r : 0;
}

int step_console(struct init *in, const struct plan_step *s)
{
	const struct window_size size = {
		.rows = (unsigned short)s->console.height,
		.columns = (unsigned short)s->console.width,
	};
	auto_fd int master = master_open(in);
	auto_fd int slave = -1;
	int r = 0;

	if (master < 0)
		return master;
	slave = sys_ioctl(master, TIOCGPTPEER, (void *)(uintptr_t)(O_RDWR | O_NOCTTY | O_CLOEXEC));
	if (slave < 0)
		return slave;
	if (s->console.uid != 0)
		r = sys_fchown(slave, s->console.uid, UINT32_MAX);
	if (r == 0 && (size.rows != 0 || size.columns != 0))
		r = sys_ioctl(slave, TIOCSWINSZ, &size);
	if (r == 0 && s->console.on_dev_console != 0)
		r = console_attach(in, slave);
	if (r == 0)
		r = channel_send(in, PLAN_MSG_PTY, master);
	return r < 0 ? r : slave_take(slave, (s->flags & PLAN_OF_CHILD) != 0);
}
