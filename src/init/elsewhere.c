/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elsewhere - a procfs of a pid namespace that this process does not enter.
 *
 * Which processes a procfs shows is decided by who makes it: it has to be one of theirs. Those who
 * are there already might look at whoever comes (CVE-2016-9962), so it is not this process, which
 * holds what is the host's, but a child of a child. The first one lets go of all descriptors and
 * puts the new root between itself and the host's files; only then it makes the second one there,
 * which makes the mount, sends it here, and is gone.
 */
#include "init/init.h"

#include <linux/wait.h>

#define SOCKET 0 /* what the children keep, in place of the standard streams */
#define PID_NS 1

struct answer {
	int error;
};

static int answer_send(int error, int fd)
{
	struct answer a = {.error = error};
	struct iovec bytes = {.iov_base = &a, .iov_len = sizeof(a)};
	struct fd_message rights = {
		.len = sizeof(rights) - sizeof(rights.unused),
		.level = SOL_SOCKET,
		.type = SCM_RIGHTS,
		.fd = fd,
	};
	const struct msghdr message = {
		.msg_iov = &bytes,
		.msg_iovlen = 1,
		.msg_control = fd >= 0 ? &rights : NULL,
		.msg_controllen = fd >= 0 ? sizeof(rights) : 0,
	};

	return (int)sys_sendmsg(SOCKET, &message, MSG_NOSIGNAL);
}

/* The mount, or why there is none; the end of file is a child that was killed. */
static int answer_take(int socket)
{
	struct answer a = {0};
	struct iovec bytes = {.iov_base = &a, .iov_len = sizeof(a)};
	struct fd_message rights = {.fd = -1};
	struct msghdr message = {
		.msg_iov = &bytes,
		.msg_iovlen = 1,
		.msg_control = &rights,
		.msg_controllen = sizeof(rights),
	};
	long r;

	do {
		r = sys_recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	} while (r == -EINTR);
	if (r < 0)
		return (int)r;
	if (r != sizeof(a) || (a.error == 0 && message.msg_controllen < rights.len))
		return -ECHILD;
	return a.error < 0 ? a.error : rights.fd;
}

/* Keep these two and nothing else, not even a way to the host's files. */
static int strip(struct init *in, int socket, int pid_ns)
{
	int r = death_arm();

	if (r == 0)
		r = sys_fchdir(target_root(in));
	if (r == 0)
		r = sys_chroot(".");
	if (r == 0)
		r = sys_dup3(socket, SOCKET, 0);
	if (r >= 0)
		r = sys_dup3(pid_ns, PID_NS, 0);
	return r < 0 ? r : sys_close_range(PID_NS + 1, ~0U, 0);
}

static _Noreturn void inner(struct init *in, const struct mount_words *w, uint64_t ms_flags)
{
	int r = death_arm(), tree = -1;

	(void)sys_close(PID_NS);
	if (r == 0)
		tree = r = mount_make(in, w, ms_flags);
	sys_exit(answer_send(r < 0 ? r : 0, tree) < 0);
}

static _Noreturn void outer(struct init *in, const struct mount_words *w, uint64_t ms_flags)
{
	struct clone_args args = {.exit_signal = SIGCHLD};
	struct child_end end;
	int child, r = sys_setns(PID_NS, CLONE_NEWPID);

	if (r < 0)
		sys_exit(answer_send(r, -1) < 0);
	child = sys_clone3(&args);
	if (child == 0)
		inner(in, w, ms_flags);
	if (child < 0)
		sys_exit(answer_send(child, -1) < 0);
	do {
		r = sys_waitid(P_ALL, 0, &end, WEXITED);
	} while (r == -EINTR);
	sys_exit(0);
}

static int pid_namespace(struct init *in)
{
	const struct plan_step *join = step_later(in, STEP_SETNS);

	return join == NULL || join->setns.ns_flag != CLONE_NEWPID
		       ? -EINVAL
		       : plan_slot(in, join->setns.slot);
}

int mount_make_elsewhere(struct init *in, const struct mount_words *w, uint64_t ms_flags)
{
	struct clone_args args = {.exit_signal = SIGCHLD};
	struct child_end end;
	int pair[2], child, tree, r, pid_ns = pid_namespace(in);

	if (pid_ns < 0)
		return pid_ns;
	r = sys_socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, pair);
	if (r < 0)
		return r;
	child = sys_clone3(&args);
	if (child == 0) {
		r = strip(in, pair[1], pid_ns);
		if (r < 0)
			sys_exit(1);
		outer(in, w, ms_flags);
	}
	(void)sys_close(pair[1]);
	tree = child < 0 ? child : answer_take(pair[0]);
	(void)sys_close(pair[0]);
	do {
		r = child < 0 ? 0 : sys_waitid(P_ALL, 0, &end, WEXITED);
	} while (r == -EINTR);
	return tree;
}
