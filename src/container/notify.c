/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify - sd_notify(3) from inside a container to the service manager that started us.
 *
 * The container gets a socket of its own on a read-only mount, never the manager's: of what it
 * sends only READY goes on. MAINPID is ours to say, as a container could name any process of the
 * host for the manager to watch and to kill. Nothing here fails a container that runs: what could
 * not be told is a warning.
 *
 * Source: sd_notify(3), sd_notify_barrier(3); the way of going about it is runc's.
 */
#include "container/notify.h"

#include "tinyrun/fd.h"
#include "tinyrun/log.h"
#include "tinyrun/path.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_NAME "notify.sock"
#define BARRIER_MS  30000

const char *notify_host(void)
{
	const char *host = getenv("NOTIFY_SOCKET");

	return host && *host ? host : NULL;
}

int notify_make(int dir_fd, struct err *e)
{
	if (mkdirat(dir_fd, NOTIFY_DIR, 0755) < 0 || fchmodat(dir_fd, NOTIFY_DIR, 0755, 0) < 0)
		return err_sys(e, "make the directory of the container's NOTIFY_SOCKET");
	return 0;
}

int notify_listen(int dir_fd, struct notify *ret, struct err *e)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	auto_fd int sub_fd = -1, fd = -1;
	struct err missing = ERR_INIT;
	int r;

	if (!notify_host())
		return 0;
	r = path_open_beneath(dir_fd, NOTIFY_DIR, O_PATH | O_DIRECTORY, 0, &sub_fd, &missing);
	if (r == -ENOENT)
		return 0;
	if (r < 0) {
		*e = missing;
		return r;
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(e, "make a socket");
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/" SOCKET_NAME, sub_fd);
	(void)unlinkat(sub_fd, SOCKET_NAME, 0); /* of a `start` that failed */
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    fchmodat(sub_fd, SOCKET_NAME, 0777, 0) < 0)
		return err_sys(e, "make the container's NOTIFY_SOCKET");
	ret->fd = fd_take(&fd);
	return 0;
}

void notify_done(struct notify *n)
{
	fd_close(&n->fd);
}

/* --- the service manager --- */

static int connect_host(int *ret_fd, struct err *e)
{
	const char *host = notify_host();
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t len = host ? strlen(host) : 0;
	auto_fd int fd = -1;

	if (len < 2 || (host[0] != '/' && host[0] != '@') || len >= sizeof(to.sun_path))
		return err_user(e, "NOTIFY_SOCKET is \"%s\", want a path or an abstract socket",
				host ? host : "");
	memcpy(to.sun_path, host, len);
	if (host[0] == '@') /* unix(7), "abstract" */
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(e, "make a socket");
	len += offsetof(struct sockaddr_un, sun_path) + (host[0] == '/');
	if (connect(fd, (struct sockaddr *)&to, (socklen_t)len) < 0)
		return err_sys(e, "reach NOTIFY_SOCKET %s", host);
	*ret_fd = fd_take(&fd);
	return 0;
}

static int say(int fd, const char *text, struct err *e)
{
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		return err_sys(e, "tell NOTIFY_SOCKET");
	return 0;
}

static int say_ready(const char *line, pid_t main_pid, struct err *e)
{
	auto_fd int fd = -1;
	char text[32];
	int r = connect_host(&fd, e);

	if (r == 0)
		r = say(fd, line, e);
	(void)snprintf(text, sizeof(text), "MAINPID=%d\n", (int)main_pid);
	return r < 0 ? r : say(fd, text, e);
}

/* The manager closes the pipe's end when it has come so far in its queue. */
static int pass_barrier(struct err *e)
{
	static char text[] = "BARRIER=1";
	auto_fd int fd = -1, ours = -1, theirs = -1;
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {.bytes = {0}};
	struct iovec io = {.iov_base = text, .iov_len = strlen(text)};
	struct msghdr msg = {.msg_iov = &io,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int pair[2], r = connect_host(&fd, e);

	if (r < 0)
		return r;
	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	ours = pair[0];
	theirs = pair[1];
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &theirs, sizeof(int));
	if (sendmsg(fd, &msg, MSG_NOSIGNAL) < 0)
		return err_sys(e, "tell NOTIFY_SOCKET");
	fd_close(&theirs);
	if (poll(&(struct pollfd){.fd = ours}, 1, BARRIER_MS) == 0)
		return err_num(e, ETIMEDOUT, "wait for whoever reads NOTIFY_SOCKET");
	return 0;
}

static void warn(const struct err *e)
{
	char text[ERR_FRAME_SIZE * 2];

	log_warning("the container is ready, but nobody was told: %s",
		    err_str(e, text, sizeof(text)));
}

/* --- the container --- */

/* The line that says READY, with a newline and nothing behind it; NULL when there is none. */
static char *find_ready(char *message)
{
	for (char *line = message; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, "READY=", 6) == 0) {
			size_t len = strcspn(line, "\n");

			line[len] = '\n'; /* there is room: notify_take() */
			line[len + 1] = '\0';
			return line;
		}
	}
	return NULL;
}

bool notify_take(struct notify *n, pid_t main_pid)
{
	char message[4096 + 2];
	ssize_t len = recv(n->fd, message, sizeof(message) - 2, 0);
	struct err e = ERR_INIT;
	const char *line;

	if (len < 0)
		return false; /* somebody's mistake, or nothing there after all */
	message[len] = '\0';
	line = find_ready(message);
	if (!line)
		return false;
	if (say_ready(line, main_pid, &e) < 0)
		warn(&e);
	notify_done(n);
	return true;
}

void notify_wait(struct notify *n, int pidfd, pid_t main_pid)
{
	struct err e = ERR_INIT;

	while (n->fd >= 0) {
		struct pollfd fds[] = {{.fd = n->fd, .events = POLLIN},
				       {.fd = pidfd, .events = POLLIN}};

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return;
		if (fds[0].revents && notify_take(n, main_pid)) {
			if (pass_barrier(&e) < 0)
				warn(&e);
			return;
		}
		if (fds[1].revents)
			return;
	}
}
