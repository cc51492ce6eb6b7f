/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session - one request to CRIU, from starting it to its end.
 *
 * `criu swrk N` speaks on the descriptor N, a SOCK_SEQPACKET socket. On its way it asks for our
 * consent: each notification is answered before it goes on. Unlike our other children it does not
 * die with us: ended in the middle it would leave its own code in the container's processes. It
 * finds the socket closed instead, and undoes what it has begun.
 */
#include "criu/wire.h"
#include "tinyrun/fd.h"
#include "tinyrun/path.h"
#include "tinyrun/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define REPLY_MAX    65536
#define LOG_MAX      ((size_t)64 << 20)
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define EXIT_EXEC    127 /* the child's when it did not become CRIU */

struct session {
	pid_t pid;
	int fd; /* our end of the socket */
};

/* --- starting it --- */

static int find_program(char ret[PATH_MAX], struct err *e)
{
	const char *path = getenv("PATH");

	for (path = path && *path ? path : DEFAULT_PATH; *path;) {
		size_t len = strcspn(path, ":");

		if (len && snprintf(ret, PATH_MAX, "%.*s/criu", (int)len, path) < PATH_MAX &&
		    access(ret, X_OK) == 0)
			return 0;
		path += len + (path[len] == ':');
	}
	return err_num(
		e, ENOENT,
		"criu is not in PATH: install CRIU, which checkpoint and restore are done by");
}

static int share_fds(const struct criu_call *call, int server_fd)
{
	if (sys_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0 || fcntl(server_fd, F_SETFD, 0) < 0)
		return -1;
	for (size_t i = 0; i < call->n_fds; i++)
		if (fcntl(call->fds[i], F_SETFD, 0) < 0)
			return -1;
	return 0;
}

/* On the standard streams of a restore there is what the process will have; else nothing. */
static int silence(void)
{
	auto_fd int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int stream = 0; stream < 3; stream++)
		if (fd < 0 || dup2(fd, stream) < 0)
			return -1;
	return 0;
}

/* Our end of the socket, or a sentence about why there is none. */
static void hand_over(int handover_fd, int fd, const char *sentence)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {.bytes = {0}};
	struct iovec io = {.iov_base = (void *)(uintptr_t)sentence, .iov_len = strlen(sentence)};
	struct msghdr msg = {.msg_iov = &io, .msg_iovlen = 1};

	if (fd >= 0) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		CMSG_FIRSTHDR(&msg)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&msg)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR(&msg)->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), &fd, sizeof(fd));
	}
	(void)sendmsg(handover_fd, &msg, MSG_NOSIGNAL); /* our end says it in any case */
}

/*
 * CRIU finds the descriptors of the images by /proc/PID/fd of whoever has made the socket. So it is
 * made here, where they may be others than ours: opened in another mount namespace.
 */
static int become_criu(const struct criu_call *call, const char *program, int handover_fd,
		       struct err *e)
{
	char number[16];
	char *const argv[] = {(char *)"criu", (char *)"swrk", number, NULL};
	int pair[2];

	if (call->prepare && call->prepare(call->arg, e) < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "make a socket for CRIU");
	hand_over(handover_fd, pair[0], "fd");
	fd_close(&pair[0]);
	(void)snprintf(number, sizeof(number), "%d", pair[1]);
	if (share_fds(call, pair[1]) == 0 && (call->action == CRIU_RESTORE || silence() == 0))
		(void)execv(program, argv);
	return err_sys(e, "execute %s", program);
}

static _Noreturn void child_main(const struct criu_call *call, const char *program, int handover_fd)
{
	struct err e = ERR_INIT;
	char text[ERR_STR_SIZE];
	sigset_t none;

	(void)signal(SIGPIPE, SIG_DFL);
	(void)signal(SIGXFSZ, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)become_criu(call, program, handover_fd, &e);
	hand_over(handover_fd, -1, err_str(&e, text, sizeof(text)));
	_exit(EXIT_EXEC);
}

static ssize_t receive_with_fd(int socket_fd, void *data, size_t size, int *ret_fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec io = {.iov_base = data, .iov_len = size};
	struct msghdr msg = {.msg_iov = &io,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	const struct cmsghdr *c;
	ssize_t n;

	*ret_fd = -1;
	do
		n = recvmsg(socket_fd, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	c = n >= 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len >= CMSG_LEN(sizeof(*ret_fd)))
		memcpy(ret_fd, CMSG_DATA(c), sizeof(*ret_fd));
	return n;
}

/* End of file: it has become CRIU, if it has handed the socket over. */
static int take_over(int handover_fd, struct session *s, struct err *e)
{
	char text[ERR_STR_SIZE];
	ssize_t n;
	int fd;

	while ((n = receive_with_fd(handover_fd, text, sizeof(text) - 1, &fd)) > 0) {
		text[n] = '\0';
		if (fd < 0)
			return err_user(e, "%s", text);
		fd_close(&s->fd);
		s->fd = fd;
	}
	if (n < 0)
		return err_sys(e, "start CRIU");
	return s->fd >= 0 ? 0 : err_num(e, EPIPE, "start CRIU");
}

static int start(const struct criu_call *call, struct session *s, struct err *e)
{
	auto_fd int ours = -1, theirs = -1;
	char program[PATH_MAX];
	int pair[2], r = find_program(program, e);

	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "make a socket");
	ours = pair[0];
	theirs = pair[1];
	s->pid = fork();
	if (s->pid < 0)
		return err_sys(e, "fork");
	if (s->pid == 0)
		child_main(call, program, theirs);
	fd_close(&theirs);
	return take_over(ours, s, e);
}

static int finish(struct session *s, int *ret_status, struct err *e)
{
	fd_close(&s->fd);
	*ret_status = 0;
	while (s->pid > 0 && waitpid(s->pid, ret_status, 0) < 0)
		if (errno != EINTR)
			return err_sys(e, "wait for CRIU");
	return 0;
}

/* --- the conversation --- */

static int send_message(const struct session *s, const struct buf *message, struct err *e)
{
	int r = buf_check(message, e);

	if (r == 0 && send(s->fd, message->data, message->len, MSG_NOSIGNAL) < 0)
		r = err_sys(e, "speak to CRIU");
	return r;
}

static int receive(const struct session *s, struct wire_reply *ret, int *ret_fd, struct err *e)
{
	auto_free char *data = malloc(REPLY_MAX);
	ssize_t n;

	if (!data)
		return err_num(e, ENOMEM, "hear from CRIU");
	n = receive_with_fd(s->fd, data, REPLY_MAX, ret_fd);
	if (n < 0)
		return err_sys(e, "hear from CRIU");
	if (n == 0)
		return err_num(e, EPIPE, "CRIU ended without an answer");
	if (!wire_read_reply(data, (size_t)n, ret))
		return err_num(e, EPROTO, "CRIU's answer makes no sense");
	return 0;
}

static int on_notify(const struct criu_call *call, const struct session *s,
		     const struct wire_reply *reply, int *fd, struct err *e)
{
	auto_buf struct buf answer = BUF_INIT;
	struct err gone = ERR_INIT;
	int r = call->notify(call->arg, reply->script, reply->pid, fd, e);

	wire_answer(&answer, r == 0);
	if (r < 0) {
		(void)send_message(s, &answer, &gone); /* it gives up either way */
		return r;
	}
	return send_message(s, &answer, e);
}

static int refusal(const struct wire_reply *reply, struct err *e)
{
	if (reply->message[0])
		return err_user(e, "CRIU says: %s", reply->message);
	if (reply->errnum)
		return err_num(e, reply->errnum, "CRIU gave up");
	return err_user(e, "CRIU gave up");
}

static int converse(const struct criu_call *call, const struct session *s, struct err *e)
{
	auto_buf struct buf request = BUF_INIT;
	int r;

	wire_request(&request, call->action, call->opts);
	r = send_message(s, &request, e);
	while (r == 0) {
		struct wire_reply reply;
		auto_fd int fd = -1;

		r = receive(s, &reply, &fd, e);
		if (r < 0)
			return r;
		if (!reply.success)
			return refusal(&reply, e);
		if (reply.type != WIRE_NOTIFY)
			return reply.type == (uint64_t)call->action
				       ? 0
				       : err_num(e, EPROTO, "CRIU answered another question");
		r = on_notify(call, s, &reply, &fd, e);
	}
	return r;
}

int criu_run(const struct criu_call *call, struct err *e)
{
	struct session s = {.fd = -1};
	struct err ignored = ERR_INIT;
	int status, r = start(call, &s, e);

	if (r == 0)
		r = converse(call, &s, e);
	if (finish(&s, &status, r < 0 ? &ignored : e) < 0 && r == 0)
		return -ECHILD;
	/* After a pre-dump it waits for more, and calls our silence a failure. */
	if (r == 0 && status != 0 && call->action != CRIU_PRE_DUMP)
		r = err_user(e, "CRIU ended with %s %d", WIFSIGNALED(status) ? "signal" : "status",
			     WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return r;
}

/* --- its log --- */

/*
 * "(00.1) Error (criu/x.c:1): Can't ..." from "Can't" on, when the line says what went wrong. That
 * it may not raise its limit of descriptors is an error to CRIU, and it goes on.
 */
static char *reason_in(char *line)
{
	char *at = strstr(line, "Error (");

	at = at ? strstr(at, "): ") : NULL;
	if (!at || strstr(at, "FAILED") || strstr(at, "rlimit:"))
		return NULL;
	return at + 3;
}

/* The first line that is a reason: those behind it are its consequences. */
static char *find_reason(char *log)
{
	char *reason = NULL, *rest = NULL;

	for (char *line = strtok_r(log, "\n", &rest); line && !reason;
	     line = strtok_r(NULL, "\n", &rest))
		reason = reason_in(line);
	return reason;
}

int criu_explain(int r, int dir_fd, const char *path, const char *name, struct err *e)
{
	auto_free char *log = NULL;
	auto_fd int fd = -1;
	struct err unread = ERR_INIT;
	const char *reason;
	size_t len;

	if (path_open_beneath(dir_fd, name, O_RDONLY | O_NONBLOCK, 0, &fd, &unread) < 0 ||
	    fd_read_all(fd, LOG_MAX, name, &log, &len, &unread) < 0)
		return r; /* it had not come so far */
	reason = find_reason(log);
	/* where our own refusal was the first thing that went wrong, @e has the reason */
	if (!reason || strstr(reason, "reported script error"))
		return err_wrap(e, "CRIU (its log is %s/%s)", path, name);
	*e = ERR_INIT;
	return err_user(e, "CRIU: %s (its log is %s/%s)", reason, path, name);
}
