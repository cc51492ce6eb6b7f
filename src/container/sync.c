/* SPDX-License-Identifier: Apache-2.0 */
#include "container/sync.h"

#include "tinyrun/fd.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static int take_fd(struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	int fd = -1;

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

int sync_receive(int channel, struct plan_msg *ret, int *ret_fd, struct err *e)
{
	struct iovec iov = {.iov_base = ret, .iov_len = sizeof(*ret)};
	union control control;
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = CMSG_LEN(sizeof(int))};
	ssize_t n;

	/* a reset stands in front of what was said before it, and is said once */
	do
		n = recvmsg(channel, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	if (n == 0)
		return SYNC_E_END;
	if (n < 0)
		return err_sys(e, "hear from init");
	*ret_fd = take_fd(&msg);
	if ((size_t)n < PLAN_MSG_HEAD) {
		fd_close(ret_fd);
		return err_num(e, EPROTO, "hear from init");
	}
	((char *)ret)[(size_t)n < sizeof(*ret) ? (size_t)n : sizeof(*ret) - 1] = '\0';
	return 0;
}

int sync_go(int channel, struct err *e)
{
	struct plan_msg msg = {.kind = PLAN_MSG_GO};
	ssize_t n;

	do
		n = send(channel, &msg, PLAN_MSG_HEAD, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? err_sys(e, "tell init to go on") : 0;
}

int sync_send_fd(int socket_fd, const char *text, int fd, struct err *e)
{
	struct iovec iov = {.iov_base = (void *)text, .iov_len = strlen(text)};
	union control control = {.bytes = {0}};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	size_t at = 0;
	ssize_t n;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	do
		n = sendmsg(socket_fd, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	while (n >= 0 && (at += (size_t)n) < strlen(text)) /* a stream takes what fits */
		do
			n = send(socket_fd, text + at, strlen(text) - at, MSG_NOSIGNAL);
		while (n < 0 && errno == EINTR);
	return n < 0 ? err_sys(e, "send a descriptor") : 0;
}

int sync_connect(const char *path, int *ret_fd, struct err *e)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	auto_fd int fd = -1;

	if (strlen(path) >= sizeof(to.sun_path))
		return err_user(e, "the path of the socket %s is longer than %zu bytes", path,
				sizeof(to.sun_path) - 1);
	memcpy(to.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(e, "make a socket");
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return err_sys(e, "connect to %s", path);
	*ret_fd = fd_take(&fd);
	return 0;
}
