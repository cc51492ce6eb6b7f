/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay - a foreground container.
 *
 * One poll(2) loop over the pidfd, a signalfd, and with a terminal our stdin and the master. A
 * direction's bytes wait in a small buffer when the other side is slow; nothing blocks.
 */
#include "container/relay.h"

#include "tinyrun/fd.h"
#include "tinyrun/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* One direction of the terminal. */
struct flow {
	int from, to;
	char data[4096];
	size_t at, n;
	bool ended; /* @from has no more */
};

struct session {
	const struct relay *relay;
	int signal_fd;
	struct flow in, out;
	struct termios saved;
	bool raw;
};

int relay_hold_signals(sigset_t *ret_old, struct err *e)
{
	static const int ours[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
	sigset_t set;

	sys_sigset_fill(&set);
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		(void)sigdelset(&set, ours[i]);
	if (sys_sigmask(SIG_BLOCK, &set, ret_old) < 0)
		return err_sys(e, "hold signals");
	return 0;
}

/* --- signals --- */

void relay_resize(int pty_fd)
{
	struct winsize size;

	if (pty_fd >= 0 && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		(void)ioctl(pty_fd, TIOCSWINSZ, &size); /* as good as it gets */
}

/* Takes the ends of strays; the container's process itself is left for the end. */
static void reap_strays(const struct relay *relay)
{
	siginfo_t info;

	for (;;) {
		memset(&info, 0, sizeof(info));
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0 ||
		    info.si_pid == relay->pid)
			return;
		(void)waitpid(info.si_pid, NULL, WNOHANG);
	}
}

static int on_signal(const struct session *s, struct err *e)
{
	struct signalfd_siginfo info;
	ssize_t n = read(s->signal_fd, &info, sizeof(info));

	if (n != (ssize_t)sizeof(info))
		return 0;
	if (info.ssi_signo == SIGWINCH) {
		relay_resize(s->relay->pty_fd);
	} else if (info.ssi_signo == SIGCHLD) {
		if (s->relay->reap)
			reap_strays(s->relay);
	} else if (info.ssi_signo != SIGURG) {
		if (sys_pidfd_send_signal(s->relay->pidfd, (int)info.ssi_signo, NULL, 0) < 0 &&
		    errno != ESRCH)
			return err_sys(e, "pass on signal %u", info.ssi_signo);
	}
	return 0;
}

/* --- terminal --- */

static void enter_raw(struct session *s)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &s->saved) < 0)
		return; /* stdin is no terminal: bytes pass all the same */
	raw = s->saved;
	cfmakeraw(&raw);
	s->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

static void leave_raw(const struct session *s)
{
	if (s->raw)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &s->saved); /* nobody left to tell */
}

/*
 * Moves what can be moved now; ends a direction at end of file or a broken side. What was just read
 * waits until poll(2) has said that the other side takes it: standard output may block.
 */
static void move(struct flow *f, bool can_read, bool can_write)
{
	ssize_t n;

	if (f->n == 0 && can_read && !f->ended) {
		f->at = 0;
		n = read(f->from, f->data, sizeof(f->data));
		if (n > 0)
			f->n = (size_t)n;
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			f->ended = true; /* EIO on a master: no slave is open any more */
	} else if (f->n > 0 && can_write) {
		n = write(f->to, f->data + f->at, f->n);
		if (n > 0) {
			f->at += (size_t)n;
			f->n -= (size_t)n;
		} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
			f->n = 0;
			f->ended = true;
		}
	}
}

static void want(const struct flow *f, struct pollfd *from, struct pollfd *to)
{
	if (f->n == 0 && !f->ended)
		from->events = (short)(from->events | POLLIN);
	if (f->n > 0)
		to->events = (short)(to->events | POLLOUT);
}

enum { AT_PROCESS, AT_SIGNAL, AT_NOTIFY, AT_STDIN, AT_STDOUT, AT_PTY, AT_MAX };

static void prepare(const struct session *s, struct pollfd fds[AT_MAX])
{
	memset(fds, 0, AT_MAX * sizeof(*fds));
	fds[AT_PROCESS] = (struct pollfd){.fd = s->relay->pidfd, .events = POLLIN};
	fds[AT_SIGNAL] = (struct pollfd){.fd = s->signal_fd, .events = POLLIN};
	fds[AT_NOTIFY] = (struct pollfd){.fd = s->relay->notify ? s->relay->notify->fd : -1,
					 .events = POLLIN};
	fds[AT_STDIN].fd = fds[AT_STDOUT].fd = fds[AT_PTY].fd = -1;
	if (s->relay->pty_fd < 0)
		return;
	want(&s->in, &fds[AT_STDIN], &fds[AT_PTY]);
	want(&s->out, &fds[AT_PTY], &fds[AT_STDOUT]);
	if (fds[AT_STDIN].events)
		fds[AT_STDIN].fd = STDIN_FILENO;
	if (fds[AT_STDOUT].events)
		fds[AT_STDOUT].fd = STDOUT_FILENO;
	if (fds[AT_PTY].events)
		fds[AT_PTY].fd = s->relay->pty_fd;
}

static bool ready(const struct pollfd *fd, int events)
{
	return fd->fd >= 0 && (fd->revents & (events | POLLHUP | POLLERR)) != 0;
}

/* What the program wrote last is still in the terminal when it has ended. */
static void drain(struct session *s)
{
	if (s->relay->pty_fd < 0)
		return;
	while (!s->out.ended) {
		struct pollfd fds[2] = {{.fd = s->relay->pty_fd, .events = POLLIN},
					{.fd = STDOUT_FILENO, .events = POLLOUT}};
		int n = poll(&fds[s->out.n > 0 ? 1 : 0], 1, s->out.n > 0 ? 1000 : 0);

		if (n <= 0)
			return;
		move(&s->out, s->out.n == 0, s->out.n > 0);
	}
}

static int loop(struct session *s, struct err *e)
{
	struct pollfd fds[AT_MAX];
	int r = 0;

	while (r == 0) {
		prepare(s, fds);
		if (poll(fds, AT_MAX, -1) < 0 && errno != EINTR)
			return err_sys(e, "wait for the container");
		if (fds[AT_PROCESS].revents)
			return 0;
		if (fds[AT_SIGNAL].revents)
			r = on_signal(s, e);
		if (fds[AT_NOTIFY].revents) /* the service is we, who stay as long as it does */
			(void)notify_take(s->relay->notify, getpid());
		if (s->relay->pty_fd < 0)
			continue;
		move(&s->in, ready(&fds[AT_STDIN], POLLIN), ready(&fds[AT_PTY], POLLOUT));
		move(&s->out, ready(&fds[AT_PTY], POLLIN), ready(&fds[AT_STDOUT], POLLOUT));
	}
	return r;
}

static int open_signals(int *ret_fd, struct err *e)
{
	sigset_t held;

	(void)sys_sigmask(SIG_BLOCK, NULL, &held);
	*ret_fd = signalfd(-1, &held, SFD_CLOEXEC | SFD_NONBLOCK);
	return *ret_fd < 0 ? err_sys(e, "open a signalfd") : 0;
}

int relay_run(const struct relay *relay, int *ret_status, struct err *e)
{
	struct session s = {.relay = relay,
			    .signal_fd = -1,
			    .in = {.from = STDIN_FILENO, .to = relay->pty_fd},
			    .out = {.from = relay->pty_fd, .to = STDOUT_FILENO}};
	int r = open_signals(&s.signal_fd, e);

	if (r < 0)
		return r;
	if (relay->pty_fd >= 0) {
		(void)fcntl(relay->pty_fd, F_SETFL, O_RDWR | O_NONBLOCK);
		enter_raw(&s);
	}
	r = loop(&s, e);
	drain(&s);
	leave_raw(&s);
	fd_close(&s.signal_fd);
	while (r == 0 && waitpid(relay->pid, ret_status, 0) < 0)
		if (errno != EINTR)
			r = err_sys(e, "wait for the container's process");
	return r;
}
