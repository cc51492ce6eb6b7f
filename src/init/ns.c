/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ns - joining, making and furnishing namespaces.
 *
 * The namespaces that clone3 can make are there when init starts; what is left are those that are
 * joined by path, those that may only be made later (a cgroup namespace once init sits in its
 * cgroup, a time namespace that takes effect with the next fork), and what each of them needs
 * inside: names, clock offsets, the loopback interface.
 */
#include "init/init.h"

#include <asm/ioctls.h>
#include <asm/statfs.h>
#include <linux/keyctl.h>
#include <linux/prctl.h>
#include <linux/sockios.h>

#define IFF_UP 1

int step_setns(struct init *in, const struct plan_step *s)
{
	int r = sys_setns(plan_slot(in, s->setns.slot), s->setns.ns_flag);

	if (r < 0)
		return r;
	if (s->setns.ns_flag & CLONE_NEWNS) { /* root and cwd are the other tree's now */
		target_forget(in);
		fd_close(&in->root_fd);
	}
	return s->setns.ns_flag & CLONE_NEWUSER ? death_arm() : 0;
}

int step_unshare(struct init *in, const struct plan_step *s)
{
	(void)in;
	return sys_unshare(s->unshare.ns_flags);
}

/* The half that stays outside tells the host who goes on, then lets the other half go on. */
static _Noreturn void fork_leave(struct init *in, int pid_fd, int go_fd)
{
	int r = channel_send(in, PLAN_MSG_FORKED, pid_fd);

	if (r == 0)
		(void)sys_write(go_fd, "", 1);
	sys_exit(r < 0);
}

/*
 * Go on in a child, which is a child of the host like this process. Its messages must come after
 * FORKED, so it waits for a byte; end of file instead means that this half was killed.
 */
int step_fork(struct init *in, const struct plan_step *s)
{
	int pid_fd = -1, fds[2], child;
	struct clone_args args = {
		.flags = CLONE_PARENT | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pid_fd,
	};
	char byte;
	int r = sys_pipe2(fds, O_CLOEXEC);

	(void)s;
	if (r < 0)
		return r;
	child = sys_clone3(&args);
	if (child < 0)
		return child;
	if (child > 0)
		fork_leave(in, pid_fd, fds[1]);
	(void)sys_close(fds[1]);
	r = death_arm();
	if (r < 0)
		return r;
	if (sys_read(fds[0], &byte, 1) != 1)
		sys_exit(1);
	(void)sys_close(fds[0]);
	return 0;
}

/* With setgroups denied in the namespace there is nothing to clear that we would be allowed to. */
int step_root_user(struct init *in, const struct plan_step *s)
{
	int r = sys_setgroups(0, NULL);

	(void)in;
	if (r == -EPERM)
		r = 0;
	if (r == 0)
		r = sys_setresgid(s->root_user.gid);
	if (r == 0)
		r = sys_setresuid(s->root_user.uid);
	if (r == 0)
		r = sys_prctl(PR_SET_DUMPABLE, 0, 0);
	return r < 0 ? r : death_arm();
}

int step_session(struct init *in, const struct plan_step *s)
{
	int r = sys_setsid();

	(void)in;
	if (r == -EPERM && sys_getsid(0) == sys_getpid())
		r = 0; /* it leads one already */
	if (r >= 0 && (s->flags & PLAN_OF_CHILD) != 0)
		r = sys_ioctl(0, TIOCSCTTY, NULL);
	return r < 0 ? r : 0;
}

/*
 * A new one without a name: by a name, that of another with the same name could be joined, which a
 * container may have made to share our keys. A kernel without keyrings has nothing that could leak.
 */
int step_keyring(struct init *in, const struct plan_step *s)
{
	int r = sys_keyctl(KEYCTL_JOIN_SESSION_KEYRING, NULL);

	(void)in;
	(void)s;
	return r == -ENOSYS || r > 0 ? 0 : r;
}

int step_hostname(struct init *in, const struct plan_step *s)
{
	const char *name = plan_need(in, s->text.name);

	return sys_sethostname(name, strlen(name));
}

int step_domainname(struct init *in, const struct plan_step *s)
{
	const char *name = plan_need(in, s->text.name);

	return sys_setdomainname(name, strlen(name));
}

/* A file of this process's in the host's /proc; @magic is the file system that it has to be of. */
static int own_open(const char *path, int flags, long magic)
{
	auto_fd int fd = sys_openat(AT_FDCWD, path, flags | O_CLOEXEC, 0);
	struct statfs fs;
	int r;

	if (fd < 0)
		return fd;
	r = sys_fstatfs(fd, &fs);
	if (r == 0 && fs.f_type != magic)
		r = -EXDEV;
	return r < 0 ? r : fd_take(&fd);
}

/*
 * The clocks of the time namespace that UNSHARE has made for children, and then the way into it:
 * before Linux 6.3 execve does not enter it. The container's root is not entered yet, so /proc is
 * the host's; that it is one is checked all the same.
 */
int step_time_offset(struct init *in, const struct plan_step *s)
{
	const char *text = plan_text(in, s->time_offset.text);
	auto_fd int offsets = -1, ns = -1;
	long r;

	if (text != NULL) {
		offsets = own_open("/proc/self/timens_offsets", O_WRONLY, PROC_MAGIC);
		r = offsets < 0 ? offsets : sys_write(offsets, text, strlen(text));
		if (r < 0)
			return (int)r;
	}
	ns = own_open("/proc/self/ns/time_for_children", O_RDONLY, NSFS_MAGIC);
	return ns < 0 ? ns : sys_setns(ns, CLONE_NEWTIME);
}

/* Any socket does for the request; a unix one exists in every kernel. */
int step_loopback(struct init *in, const struct plan_step *s)
{
	auto_fd int fd = sys_socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const struct ifreq request = {.name = "lo", .flags = IFF_UP};

	(void)in;
	(void)s;
	return fd < 0 ? fd : sys_ioctl(fd, SIOCSIFFLAGS, &request);
}
