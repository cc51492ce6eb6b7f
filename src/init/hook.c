/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook - programs that the config wants run in the container's namespaces.
 *
 * Before the root is entered (createContainer) the program and its working directory come from the
 * host as descriptors; after it (startContainer) the program is a path of the container. A hook
 * leads a process group of its own, reads the state as its standard input, and gets nothing of ours
 * but the standard streams. What it writes is not the container's output: the last of it goes into
 * the message when the hook fails. When its time is up the group is killed.
 */
#include "init/init.h"

#include <asm/fcntl.h>
#include <linux/memfd.h>
#include <linux/mman.h>
#include <linux/time.h>
#include <linux/wait.h>

#define OUTPUT_KEEP 900
#define HOOK_UMASK  022

struct hook {
	const struct plan_step *s;
	const char *path;
	char **argv, **envp;
	int *exec_error; /* shared with the child: why it could not be executed */
	int state_fd;
	int pipe[2]; /* what it writes */
	int pid, pid_fd;
	char tail[OUTPUT_KEEP];
	size_t tail_len;
};

/* --- the state on standard input --- */

static int write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		long n = sys_write(fd, text, len);

		if (n < 0)
			return (int)n;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_pid(int fd)
{
	char digits[16];
	size_t at = sizeof(digits);
	int pid = sys_getpid();

	do {
		digits[--at] = (char)('0' + pid % 10);
		pid /= 10;
	} while (pid > 0);
	return write_all(fd, digits + at, sizeof(digits) - at);
}

/* The state JSON with our pid as the container sees it, in memory, at its beginning. */
static int state_make(struct init *in, const struct plan_step *s)
{
	const char *head = plan_text(in, s->hook.state_head);
	const char *tail = plan_text(in, s->hook.state_tail);
	auto_fd int fd = sys_memfd_create("state", MFD_CLOEXEC);
	int r = 0;

	if (fd < 0)
		return fd;
	if (head != NULL && tail != NULL) {
		r = write_all(fd, head, strlen(head));
		if (r == 0)
			r = write_pid(fd);
		if (r == 0)
			r = write_all(fd, tail, strlen(tail));
		if (r == 0)
			r = sys_lseek(fd, 0, SEEK_SET);
	}
	return r < 0 ? r : fd_take(&fd);
}

/* --- in the child --- */

/* Whether @path, which is the host's as long as the root is not entered, still is what @fd is. */
static bool path_leads_to(const char *path, int fd)
{
	struct statx a, b;

	return sys_statx(AT_FDCWD, path, 0, &a) == 0 && sys_statx(fd, "", AT_EMPTY_PATH, &b) == 0 &&
	       a.stx_ino == b.stx_ino && a.stx_dev_major == b.stx_dev_major &&
	       a.stx_dev_minor == b.stx_dev_minor;
}

/*
 * A script's interpreter opens it again, by the name that the kernel tells it: that is the path,
 * and where it leads elsewhere in this mount namespace the descriptor's number, which then stays.
 */
static int script_execute(const struct hook *h, int fd)
{
	int r;

	if (path_leads_to(h->path, fd))
		return sys_execve(h->path, h->argv, h->envp);
	r = sys_fcntl(fd, F_SETFD, 0);
	return r < 0 ? r : sys_execveat(fd, "", h->argv, h->envp, AT_EMPTY_PATH);
}

static int hook_execute(struct init *in, const struct hook *h)
{
	int fd, r;

	if (h->s->hook.exec_slot == PLAN_NO_SLOT)
		return sys_execve(h->path, h->argv, h->envp);
	fd = plan_slot(in, h->s->hook.exec_slot);
	r = sys_execveat(fd, "", h->argv, h->envp, AT_EMPTY_PATH);
	return r == -ENOENT ? script_execute(h, fd) : r;
}

static int output_fd(struct init *in, uint32_t slot, int otherwise)
{
	return slot == PLAN_NO_SLOT ? otherwise : plan_slot(in, slot);
}

static _Noreturn void hook_child(struct init *in, const struct hook *h)
{
	uint32_t cwd = h->s->hook.cwd_slot;
	int r = death_arm();

	if (r == 0)
		r = sys_setpgid(0, 0);
	if (r == 0)
		r = cwd == PLAN_NO_SLOT ? sys_chdir("/") : sys_fchdir(plan_slot(in, cwd));
	if (r == 0)
		r = sys_dup3(h->state_fd, 0, 0);
	if (r >= 0)
		r = sys_dup3(output_fd(in, h->s->hook.stderr_slot, h->pipe[1]), 2, 0);
	if (r >= 0)
		r = sys_dup3(output_fd(in, h->s->hook.stdout_slot, h->pipe[1]), 1, 0);
	(void)sys_umask(HOOK_UMASK);
	if (r >= 0)
		r = hook_execute(in, h);
	*h->exec_error = r;
	sys_exit(127);
}

/* --- beside the child --- */

/* Keep the last bytes of what it says. */
static void tail_add(struct hook *h, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (h->tail_len == sizeof(h->tail)) { /* make room by halves */
			h->tail_len /= 2;
			memcpy(h->tail, h->tail + h->tail_len, h->tail_len);
		}
		h->tail[h->tail_len++] = bytes[i];
	}
}

/* Take what is in the pipe; false at its end. */
static bool pipe_drain(struct hook *h)
{
	char bytes[512];
	long n;

	while ((n = sys_read(h->pipe[0], bytes, sizeof(bytes))) > 0)
		tail_add(h, bytes, (size_t)n);
	return n == -EAGAIN;
}

static int64_t now_ms(void)
{
	struct __kernel_timespec t = {0};

	(void)sys_clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/*
 * Read what it writes until it has ended; 0 when its time is up before. A descendant that
 * keeps the pipe open is not waited for.
 */
static int hook_watch(struct hook *h)
{
	int64_t end = now_ms() + h->s->hook.timeout_ms;
	struct pollfd fds[2] = {{.fd = h->pid_fd, .events = POLLIN},
				{.fd = h->pipe[0], .events = POLLIN}};

	for (;;) {
		struct __kernel_timespec left = {0};
		int64_t ms = end - now_ms();
		int n;

		if (ms > 0) {
			left.tv_sec = ms / 1000;
			left.tv_nsec = ms % 1000 * 1000000;
		}
		n = sys_ppoll(fds, 2, h->s->hook.timeout_ms != 0 ? &left : NULL);
		if (n == -EINTR)
			continue;
		if (fds[1].revents != 0 && !pipe_drain(h))
			fds[1].fd = -1;
		if (n <= 0 || fds[0].revents != 0)
			return n;
	}
}

/* The wait status as waitpid would give it. */
static int hook_reap(struct hook *h, uint32_t *ret_status)
{
	struct child_end end = {0};
	int r;

	do {
		r = sys_waitid(P_PIDFD, h->pid_fd, &end, 4 /* WEXITED */);
	} while (r == -EINTR);
	if (r < 0)
		return r;
	if (end.code == 1) /* CLD_EXITED */
		*ret_status = (uint32_t)(end.status & 0xff) << 8;
	else
		*ret_status = (uint32_t)(end.status & 0x7f) | (end.code == 3 ? 0x80u : 0);
	return 0;
}

static int hook_wait(struct init *in, struct hook *h)
{
	uint32_t status = 0;
	int n = hook_watch(h);
	int r;

	if (n <= 0)
		(void)sys_kill(-h->pid, SIGKILL); /* it may have ended by itself just now */
	r = hook_reap(h, &status);
	(void)pipe_drain(h);
	if (r < 0 || n < 0)
		return r < 0 ? r : n;
	if (*h->exec_error < 0)
		return *h->exec_error;
	if (status == 0 && n > 0)
		return 0;
	if (n == 0) {
		fail_text(in, "timed out");
		in->failure.status = status != 0 ? status : SIGKILL;
		return -ETIMEDOUT;
	}
	h->tail[h->tail_len < sizeof(h->tail) ? h->tail_len : sizeof(h->tail) - 1] = '\0';
	fail_text(in, h->tail);
	in->failure.status = status;
	return -ECHILD; /* main sends the status in place of it */
}

static int hook_run(struct init *in, struct hook *h)
{
	struct clone_args args = {
		.flags = CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&h->pid_fd,
		.exit_signal = SIGCHLD,
	};

	h->pid = sys_clone3(&args);
	if (h->pid < 0)
		return h->pid;
	if (h->pid == 0)
		hook_child(in, h);
	(void)sys_setpgid(h->pid, h->pid); /* whoever of us two comes first */
	fd_close(&h->pipe[1]);
	return hook_wait(in, h);
}

static int hook_prepare(struct init *in, struct hook *h)
{
	const struct plan_step *s = h->s;
	char *home = NULL;
	long at = sys_mmap(sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
	int r;

	if (at < 0 && at > -4096)
		return (int)at;
	h->exec_error = (int *)at;
	if ((s->flags & PLAN_WITH_HOME) != 0 && in->home[0] != '\0')
		home = in->home;
	r = plan_vector(in, s->hook.argv, NULL, &h->argv);
	if (r == 0)
		r = plan_vector(in, s->hook.envp, home, &h->envp);
	h->path = plan_need(in, s->hook.path);
	if (r == 0)
		r = sys_pipe2(h->pipe, O_CLOEXEC);
	if (r == 0)
		r = sys_fcntl(h->pipe[0], F_SETFL, O_NONBLOCK);
	if (r < 0)
		return r;
	h->state_fd = state_make(in, s);
	return h->state_fd < 0 ? h->state_fd : 0;
}

int step_hook(struct init *in, const struct plan_step *s)
{
	struct hook h = {.s = s, .state_fd = -1, .pipe = {-1, -1}, .pid_fd = -1};
	int r = hook_prepare(in, &h);

	if (r == 0)
		r = hook_run(in, &h);
	fd_close(&h.state_fd);
	fd_close(&h.pipe[0]);
	fd_close(&h.pipe[1]);
	fd_close(&h.pid_fd);
	return r;
}

/* The hooks that run outside are the host's: it says when they are done. */
int step_hooks(struct init *in, const struct plan_step *s)
{
	int r = channel_send(in, PLAN_MSG_HOOKS, -1);

	(void)s;
	if (r == 0)
		channel_need_go(in);
	return r;
}
