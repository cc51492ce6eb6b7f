/* SPDX-License-Identifier: Apache-2.0 */
/* nl - netlink in batches; the one door to libmnl. */
#include "net/nl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "tinyrun/buf.h"
#include "tinyrun/net.h"

#define BATCH_SIZE  ((size_t)160 << 10) /* the kernel takes what fits in the socket's buffer */
#define REQUEST_MAX ((size_t)16 << 10)  /* no request of ours is longer */
#define ANSWER_SIZE ((size_t)32 << 10)  /* the longest that the kernel makes of a dump */
#define TRIES       16U                 /* to read a list that others change */

int nl_open(int bus, struct nl *ret, struct err *e)
{
	int on = 1, r = net_load(e);
	struct mnl_socket *s;

	if (r < 0)
		return r;
	ret->answer = malloc(ANSWER_SIZE);
	if (!ret->answer)
		return err_num(e, ENOMEM, "open a netlink socket");
	s = mnl_socket_open2(bus, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!s)
		return err_sys(e, "open a netlink socket");
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0) {
		r = err_sys(e, "bind a netlink socket");
		(void)mnl_socket_close(s);
		return r;
	}
	/* better messages, shorter answers, quicker lists; older kernels do without */
	(void)mnl_socket_setsockopt(s, NETLINK_EXT_ACK, &on, sizeof(on));
	(void)mnl_socket_setsockopt(s, NETLINK_CAP_ACK, &on, sizeof(on));
	if (bus == NETLINK_ROUTE)
		(void)mnl_socket_setsockopt(s, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	ret->socket = s;
	return 0;
}

void nl_close(struct nl *nl)
{
	if (nl->socket)
		(void)mnl_socket_close(nl->socket); /* nothing is pending in it */
	free(nl->answer);
	*nl = NL_INIT;
}

/* --- requests --- */

void nl_batch_done(struct nl_batch *b)
{
	free(b->bytes);
	*b = NL_BATCH_INIT;
}

static size_t batch_end(const struct nl_batch *b)
{
	return b->last ? b->len + NLMSG_ALIGN(b->last->nlmsg_len) : b->len;
}

struct nlmsghdr *nl_add(struct nl_batch *b, uint16_t type, uint16_t flags, const char *what,
			size_t size, void *ret_header)
{
	void *header;

	b->len = batch_end(b);
	b->last = NULL;
	if (!b->bytes)
		b->bytes = malloc(BATCH_SIZE);
	if (!b->bytes || b->n == NL_REQUESTS || b->len + REQUEST_MAX > BATCH_SIZE)
		b->failed = true;
	if (b->failed)
		return NULL;
	b->last = mnl_nlmsg_put_header(b->bytes + b->len);
	b->last->nlmsg_type = type;
	b->last->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	memset(&b->request[b->n], 0, sizeof(b->request[b->n]));
	b->request[b->n++].what = what;
	header = mnl_nlmsg_put_extra_header(b->last, size);
	if (ret_header)
		memcpy(ret_header, &header, sizeof(header));
	return b->last;
}

void nl_spare(struct nl_batch *b, int errnum)
{
	if (b->last)
		b->request[b->n - 1].spared = errnum;
}

void nl_silence(struct nl_batch *b)
{
	if (!b->last)
		return;
	b->last->nlmsg_flags &= (uint16_t)~NLM_F_ACK;
	b->request[b->n - 1].silent = true;
}

void nl_put(struct nl_batch *b, uint16_t type, const void *data, size_t len)
{
	if (b->last && b->last->nlmsg_len + len + 2 * sizeof(struct nlattr) > REQUEST_MAX) {
		b->failed = true;
		b->last = NULL;
	}
	if (!b->last)
		return;
	/* older libraries leave what was in the memory between two attributes */
	memset((char *)b->last + b->last->nlmsg_len + sizeof(struct nlattr) + len, 0, 3);
	mnl_attr_put(b->last, type, len, data);
}

void nl_put_u8(struct nl_batch *b, uint16_t type, uint8_t value)
{
	nl_put(b, type, &value, sizeof(value));
}

void nl_put_u32(struct nl_batch *b, uint16_t type, uint32_t value)
{
	nl_put(b, type, &value, sizeof(value));
}

void nl_put_be32(struct nl_batch *b, uint16_t type, uint32_t value)
{
	nl_put_u32(b, type, htonl(value));
}

void nl_put_str(struct nl_batch *b, uint16_t type, const char *value)
{
	nl_put(b, type, value, strlen(value) + 1);
}

struct nlattr *nl_nest(struct nl_batch *b, uint16_t type)
{
	return b->last ? mnl_attr_nest_start(b->last, type) : NULL;
}

void nl_end(struct nl_batch *b, struct nlattr *nest)
{
	if (b->last && nest)
		mnl_attr_nest_end(b->last, nest);
}

/* --- answers --- */

struct run {
	struct nl_batch *b;
	uint32_t seq;   /* of the first request */
	size_t first;   /* the first request that failed, or n */
	size_t answers; /* how many were answered */
	char words[128];
	nl_reply_fn *reply;
	void *arg;
};

/* The kernel's own sentence behind an error. netlink(7), NETLINK_EXT_ACK */
static void take_words(struct run *run, const struct nlmsghdr *m, const struct nlmsgerr *error)
{
	const struct nlattr *found[NLMSGERR_ATTR_MSG + 1];
	size_t size = sizeof(*error);

	run->words[0] = '\0';
	if (!(m->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(m->nlmsg_flags & NLM_F_CAPPED) && error->msg.nlmsg_len > sizeof(error->msg))
		size += NLMSG_ALIGN(error->msg.nlmsg_len - sizeof(error->msg));
	nl_parse(m, size, found, NLMSGERR_ATTR_MSG + 1);
	(void)snprintf(run->words, sizeof(run->words), "%s", nl_str(found[NLMSGERR_ATTR_MSG]));
}

static void on_error(struct run *run, const struct nlmsghdr *m, size_t i)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(m);
	int errnum;

	if (m->nlmsg_len < NLMSG_LENGTH(sizeof(*error)))
		return;
	errnum = -error->error;
	run->b->request[i].errnum = errnum;
	if (errnum && errnum != run->b->request[i].spared && i < run->first) {
		run->first = i;
		take_words(run, m, error);
	}
}

static int on_message(struct run *run, const struct nlmsghdr *m)
{
	size_t i = m->nlmsg_seq - run->seq;

	if (i >= run->b->n)
		return 0; /* of an earlier batch, whose end nobody wanted to hear */
	if (m->nlmsg_type == NLMSG_ERROR || m->nlmsg_type == NLMSG_DONE)
		run->answers += run->b->request[i].silent ? 0 : 1;
	if (m->nlmsg_type == NLMSG_ERROR)
		on_error(run, m, i);
	else if (m->nlmsg_type >= NLMSG_MIN_TYPE && run->reply)
		return run->reply(run->arg, m);
	return 0;
}

/* All that the kernel says to a batch, one message behind the other. */
static int receive(struct nl *nl, struct buf *heard, struct err *e)
{
	for (;;) {
		ssize_t n = mnl_socket_recvfrom(nl->socket, nl->answer, ANSWER_SIZE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break; /* that was all */
		if (n < 0)
			return err_sys(e, "hear from the kernel's network");
		buf_add(heard, nl->answer, (size_t)n);
		buf_add(heard, "\0\0\0", NLMSG_ALIGN((size_t)n) - (size_t)n);
	}
	return heard->failed ? err_num(e, ENOMEM, "hear from the kernel's network") : 0;
}

/* What a list is of has changed between two pieces of it, so that it is of no time. */
static bool is_torn(const struct buf *heard)
{
	const struct nlmsghdr *m = (const struct nlmsghdr *)heard->data;

	for (int left = (int)heard->len; mnl_nlmsg_ok(m, left); m = mnl_nlmsg_next(m, &left))
		if (m->nlmsg_flags & NLM_F_DUMP_INTR)
			return true;
	return false;
}

static int take(struct run *run, const struct buf *heard)
{
	const struct nlmsghdr *m = (const struct nlmsghdr *)heard->data;
	int r = 0;

	for (int left = (int)heard->len; r == 0 && mnl_nlmsg_ok(m, left);
	     m = mnl_nlmsg_next(m, &left))
		r = on_message(run, m);
	return r;
}

/* Numbers go on from batch to batch, so that no answer is taken for another's. */
static void number(struct nl *nl, struct nl_batch *b, size_t len)
{
	struct nlmsghdr *m = (struct nlmsghdr *)b->bytes;
	int left = (int)len;

	for (; mnl_nlmsg_ok(m, left); m = mnl_nlmsg_next(m, &left))
		m->nlmsg_seq = nl->seq++;
}

static int judge(const struct run *run, struct err *e)
{
	const struct nl_batch *b = run->b;
	size_t expected = 0;

	if (run->first < b->n && run->words[0])
		return err_num(e, b->request[run->first].errnum, "%s (%s)",
			       b->request[run->first].what, run->words);
	if (run->first < b->n)
		return err_num(e, b->request[run->first].errnum, "%s", b->request[run->first].what);
	for (size_t i = 0; i < b->n; i++)
		expected += b->request[i].silent ? 0 : 1;
	if (run->answers < expected)
		return err_num(e, EPROTO, "hear all answers of the kernel's network");
	return 0;
}

static int exchange(struct nl *nl, struct nl_batch *b, struct buf *heard, struct err *e)
{
	size_t len = batch_end(b);

	heard->len = 0;
	number(nl, b, len);
	if (mnl_socket_sendto(nl->socket, b->bytes, len) < 0)
		return err_sys(e, "speak to the kernel's network");
	return receive(nl, heard, e);
}

static int run_batch(struct nl *nl, struct nl_batch *b, struct run *run, struct err *e)
{
	auto_buf struct buf heard = BUF_INIT;
	int r;

	if (b->failed)
		return err_num(e, ENOMEM, "speak to the kernel's network");
	for (unsigned i = 0; i < TRIES; i++) {
		run->seq = nl->seq;
		r = exchange(nl, b, &heard, e);
		if (r < 0)
			return r;
		if (is_torn(&heard))
			continue;
		r = take(run, &heard);
		return r ? r : judge(run, e);
	}
	return err_num(e, EAGAIN,
		       "%s: others changed them while they were read, %u times: try again",
		       b->request[0].what, TRIES);
}

int nl_run(struct nl *nl, struct nl_batch *b, nl_reply_fn *reply, void *arg, struct err *e)
{
	struct run run = {.b = b, .first = b->n, .reply = reply, .arg = arg};
	int r = b->n > 0 || b->failed ? run_batch(nl, b, &run, e) : 0;

	b->len = b->n = 0;
	b->last = NULL;
	b->failed = false;
	return r;
}

/* --- what is in them --- */

static void parse(const void *data, size_t len, const struct nlattr **ret, size_t max)
{
	const struct nlattr *a = data;
	const char *end = (const char *)data + len;

	for (size_t i = 0; i < max; i++)
		ret[i] = NULL;
	for (; mnl_attr_ok(a, (int)(end - (const char *)a)); a = mnl_attr_next(a)) {
		unsigned type = a->nla_type & (unsigned)NLA_TYPE_MASK;

		if (type < max && !ret[type])
			ret[type] = a;
	}
}

void nl_parse(const struct nlmsghdr *message, size_t size, const struct nlattr **ret, size_t max)
{
	size_t head = NLMSG_HDRLEN + NLMSG_ALIGN(size);
	bool whole = message->nlmsg_len >= head;

	parse((const char *)message + (whole ? head : 0), whole ? message->nlmsg_len - head : 0,
	      ret, max);
}

const void *nl_data(const struct nlattr *a, size_t *ret_len)
{
	*ret_len = a ? a->nla_len - sizeof(*a) : 0;
	return a ? (const char *)a + sizeof(*a) : NULL;
}

void nl_parse_nested(const struct nlattr *nest, const struct nlattr **ret, size_t max)
{
	size_t len;
	const void *data = nl_data(nest, &len);

	parse(data, len, ret, max);
}

uint32_t nl_u32(const struct nlattr *a)
{
	uint32_t value = 0;
	size_t len;
	const void *data = nl_data(a, &len);

	if (len == sizeof(value))
		memcpy(&value, data, sizeof(value));
	return value;
}

uint32_t nl_be32(const struct nlattr *a)
{
	return ntohl(nl_u32(a));
}

const char *nl_str(const struct nlattr *a)
{
	size_t len;
	const char *data = nl_data(a, &len);

	return len > 0 && memchr(data, 0, len) ? data : "";
}

const void *nl_header(const struct nlmsghdr *message)
{
	return (const char *)message + NLMSG_HDRLEN;
}
