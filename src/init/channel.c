/* SPDX-License-Identifier: Apache-2.0 */
/*
 * channel - the messages between init and the host (the table in plan_format.h), and how init ends
 * when a step fails.
 *
 * The socket keeps message boundaries, so one call is one message. Two system calls are all that
 * is used on it, sendmsg and recvmsg.
 */
#include "init/init.h"

/* Send a message; @fd beside it unless it is -1. Text goes out with FAIL only. */
int channel_send(struct init *in, enum plan_msg_kind kind, int fd)
{
	struct plan_msg *m = &in->failure;
	size_t text = kind == PLAN_MSG_FAIL ? strlen(m->text) + 1 : 1;
	struct iovec bytes = {.iov_base = m, .iov_len = PLAN_MSG_HEAD + text};
	struct fd_message rights = {
		.len = sizeof(rights) - sizeof(rights.unused),
		.level = SOL_SOCKET,
		.type = SCM_RIGHTS,
		.fd = fd,
	};
	struct msghdr message = {
		.msg_iov = &bytes,
		.msg_iovlen = 1,
		.msg_control = fd >= 0 ? &rights : NULL,
		.msg_controllen = fd >= 0 ? sizeof(rights) : 0,
	};
	long r;

	m->kind = kind;
	m->step = in->at;
	do {
		r = sys_sendmsg(in->channel, &message, MSG_NOSIGNAL);
	} while (r == -EINTR);
	return r < 0 ? (int)r : 0;
}

/* 1: told to go, 0: the other end is gone. */
int channel_wait_go(struct init *in)
{
	uint32_t kind = 0;
	struct iovec bytes = {.iov_base = &kind, .iov_len = sizeof(kind)};
	struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1};
	long r;

	do {
		message.msg_flags = 0;
		r = sys_recvmsg(in->channel, &message, 0);
	} while (r == -EINTR);
	return r >= (long)sizeof(kind) && kind == PLAN_MSG_GO;
}

/* Go on when told so; without a host there is nobody to work for and nobody to tell. */
void channel_need_go(struct init *in)
{
	if (!channel_wait_go(in))
		sys_exit(1);
}

void fail_text(struct init *in, const char *text)
{
	size_t len = strlen(text);

	if (len >= sizeof(in->failure.text))
		len = sizeof(in->failure.text) - 1;
	memcpy(in->failure.text, text, len);
	in->failure.text[len] = '\0';
}

/* @error is -errno, or 0 when the text and the wait status say it all. */
_Noreturn void fail(struct init *in, int error)
{
	in->failure.errnum = -error;
	(void)channel_send(in, PLAN_MSG_FAIL, -1); /* nobody is left to be told otherwise */
	sys_exit(1);
}
