/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conn - one client's connection, from accept to close.
 *
 *	HEAD ---> SEND ---> HEAD           the next request; it may be here already
 *	              \---> DRAIN -> HEAD  its body is thrown away first
 *	              \---> LINGER -> CLOSED
 *
 * A state is a handler, which does what it can and says what is next. The buffers are the worker's
 * and serve one connection after the other: unread bytes (held) and unsent ones (out) belong to a
 * connection only while it waits, so an idle one has neither. Answers to pipelined requests gather
 * in the buffer and leave together.
 *
 * The end comes in stages when the client may still be sending: our side is shut, then what comes
 * is read for a while, since a reset would take the answer away from the client.
 */
#include "httpd/conn.h"

#include <assert.h>
#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include "httpd/worker.h"
#include "tinyrun/fd.h"

#define TURN_REQUESTS 64        /* answered before other connections have their turn */
#define TURN_CHUNKS   4         /* of a file, the same */
#define CHUNK         (1 << 20) /* of a file, for one sendfile */
#define BATCH         16384     /* answers that gather before they are sent */
#define LINGER_MS     2000
#define LINGER_BYTES  (256 << 10)
#define SEND_RATE     1024 /* bytes a second that a client has to take on average */

enum conn_state { CONN_HEAD, CONN_SEND, CONN_DRAIN, CONN_LINGER, CONN_CLOSED };

/* What the connection waits for. Only a change sets the clock: a byte of progress does not. */
enum conn_wait {
	WAIT_NONE,
	WAIT_FRESH, /* the first byte ever */
	WAIT_IDLE,  /* the first byte of another request */
	WAIT_HEAD,  /* the rest of a head */
	WAIT_BODY,
	WAIT_SEND,
	WAIT_LINGER,
};

enum step {
	STEP_ON,    /* the state may have changed: go on */
	STEP_WAIT,  /* for an event */
	STEP_LATER, /* others first */
	STEP_CLOSE,
};

/* Unread bytes of a connection that waits. */
struct held {
	struct parse parse;
	uint32_t len;
	char data[];
};

struct conn {
	struct watch watch;
	struct timer timer;
	struct ring place; /* in the worker's idle, ready or dead ring, or alone */
	struct worker *worker;
	struct held *held;
	struct output *out;
	struct cache_file *file; /* from .from to .to is to be sent behind the output */
	uint64_t from, to;
	uint64_t sent;     /* since the clock for WAIT_SEND was set */
	uint32_t unsent;   /* in the kernel at that time */
	uint32_t to_drain; /* of a request's body; in CONN_LINGER: what we still read */
	int fd;
	uint8_t state, wait, turn;
	bool readable, writable, ended;
	bool close, linger;
	struct in6_addr client;
};

static void conn_close(struct conn *c)
{
	struct worker *w = c->worker;

	w->in.at = w->in.len = 0;
	w->out->len = w->out->sent = 0;
	timer_clear(&w->timers, &c->timer);
	ring_remove(&c->place);
	ring_add_last(&w->dead, &c->place);
	fd_close(&c->fd);
	free(c->held);
	free(c->out);
	if (c->file)
		cache_put(c->file);
	c->held = NULL;
	c->out = NULL;
	c->file = NULL;
	c->state = CONN_CLOSED;
	w->n_conns--;
}

/* Unsent bytes would keep memory in the kernel for as long as the client likes: drop them. */
static void conn_abort(struct conn *c)
{
	struct linger now = {.l_onoff = 1};

	(void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)); /* close comes anyway */
	conn_close(c);
}

static uint32_t unsent_of(const struct conn *c)
{
	int n = 0;

	return ioctl(c->fd, SIOCOUTQ, &n) == 0 && n > 0 ? (uint32_t)n : 0;
}

static uint64_t timeout_of(const struct conn *c, enum conn_wait wait)
{
	const struct options *o = c->worker->options;

	switch (wait) {
	case WAIT_IDLE:
		return o->idle_timeout * 1000ull;
	case WAIT_SEND:
		return o->send_timeout * 1000ull;
	case WAIT_LINGER:
		return LINGER_MS;
	default:
		return o->header_timeout * 1000ull;
	}
}

static enum step wait_for(struct conn *c, enum conn_wait wait)
{
	struct worker *w = c->worker;
	enum conn_wait before = c->wait;

	if (wait == before)
		return STEP_WAIT;
	c->wait = (uint8_t)wait;
	ring_remove(&c->place);
	if (wait == WAIT_IDLE || wait == WAIT_FRESH)
		ring_add_last(&w->idle, &c->place);
	if (wait == WAIT_SEND) {
		c->sent = 0;
		c->unsent = unsent_of(c);
	}
	/* the clock of the first head runs from accept */
	if (wait != WAIT_NONE && !(wait == WAIT_HEAD && before == WAIT_FRESH))
		timer_set(&w->timers, &c->timer, w->env.now_ms + timeout_of(c, wait));
	return STEP_WAIT;
}

/* Brings the connection's unread bytes into the worker's buffer. */
static void input_load(struct conn *c)
{
	struct input *in = &c->worker->in;

	if (!c->held)
		return;
	in->parse = c->held->parse;
	in->at = 0;
	in->len = c->held->len;
	memcpy(in->data, c->held->data, c->held->len);
	free(c->held);
	c->held = NULL;
}

/* And back. False when memory is out. */
static bool input_save(struct conn *c)
{
	struct input *in = &c->worker->in;
	uint32_t len = in->len - in->at;

	if (len > 0) {
		c->held = malloc(sizeof(*c->held) + len);
		if (!c->held)
			return false;
		c->held->parse = in->parse;
		c->held->len = len;
		memcpy(c->held->data, in->data + in->at, len);
	}
	in->at = in->len = 0;
	return true;
}

/* STEP_ON when there are more bytes. */
static enum step input_read(struct conn *c)
{
	struct input *in = &c->worker->in;
	size_t room;
	ssize_t n;

	if (!c->readable)
		return STEP_WAIT;
	if (in->at > 0) {
		memmove(in->data, in->data + in->at, in->len - in->at);
		in->len -= in->at;
		in->at = 0;
	}
	room = sizeof(in->data) - in->len;
	assert(room > 0); /* the parser gives up on a head before it fills the buffer */
	n = recv(c->fd, in->data + in->len, room, 0);
	if (n < 0 && errno == EINTR)
		return STEP_ON;
	if (n < 0 && errno == EAGAIN) {
		c->readable = false;
		return STEP_WAIT;
	}
	if (n <= 0)
		return STEP_CLOSE;
	/* a short read has emptied the socket; but an end that is there causes no further edge */
	if ((size_t)n < room)
		c->readable = c->ended;
	in->len += (uint32_t)n;
	return STEP_ON;
}

static enum step read_head(struct conn *c)
{
	struct input *in = &c->worker->in;
	enum step step = input_read(c);

	if (step != STEP_WAIT)
		return step;
	if (in->len > in->at)
		return wait_for(c, WAIT_HEAD);
	if (c->worker->stopping)
		return STEP_CLOSE;
	return wait_for(c, c->wait == WAIT_FRESH ? WAIT_FRESH : WAIT_IDLE);
}

/* The head in the buffer is whole, or beyond repair: puts the answer into the output. */
static enum step answer(struct conn *c, bool bad)
{
	struct worker *w = c->worker;
	struct input *in = &w->in;
	const char *head = in->data + in->at;
	struct reply reply;

	if (output_room(w->out) < RESPOND_MAX) {
		c->state = CONN_SEND; /* and come back */
		return STEP_ON;
	}
	respond_to(&w->env, &in->parse, head, bad || w->stopping, w->out, &reply);
	log_request(&w->log, &c->client, &in->parse, head, reply.status, reply.body_len,
		    w->env.now_sec);
	c->file = reply.file;
	c->from = reply.from;
	c->to = reply.to;
	c->close = reply.close;
	c->linger = bad;
	c->to_drain = bad ? 0 : (uint32_t)in->parse.content_length;
	in->at += in->parse.pos;
	parse_init(&in->parse);
	(void)wait_for(c, WAIT_NONE);
	c->turn++;
	if (c->file || c->close || c->to_drain > 0 || w->out->len >= BATCH ||
	    c->turn >= TURN_REQUESTS)
		c->state = CONN_SEND;
	return STEP_ON;
}

static enum step on_head(struct conn *c)
{
	struct input *in = &c->worker->in;

	input_load(c);
	if (c->turn >= TURN_REQUESTS)
		return STEP_LATER;
	switch (parse_feed(&in->parse, in->data + in->at, in->len - in->at)) {
	case PARSE_DONE:
		return answer(c, false);
	case PARSE_BAD:
		return answer(c, true);
	case PARSE_MORE:
		break;
	}
	if (c->worker->out->len == 0)
		return read_head(c);
	c->state = CONN_SEND;
	return STEP_ON;
}

/* After EAGAIN: what the worker's buffer still has goes with the connection. */
static enum step keep_output(struct conn *c)
{
	struct output *out = c->worker->out;

	c->writable = false;
	if (!c->out && out->len > out->sent) {
		c->out = output_keep(out);
		if (!c->out)
			return STEP_CLOSE;
	}
	return wait_for(c, WAIT_SEND);
}

static enum step send_output(struct conn *c)
{
	struct output *out = c->out ? c->out : c->worker->out;

	while (out->sent < out->len) {
		ssize_t n = send(c->fd, out->data + out->sent, out->len - out->sent,
				 MSG_NOSIGNAL | (c->file ? MSG_MORE : 0));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? keep_output(c) : STEP_CLOSE;
		out->sent += (uint32_t)n;
		c->sent += (uint64_t)n;
	}
	free(c->out);
	c->out = NULL;
	c->worker->out->len = c->worker->out->sent = 0;
	return STEP_ON;
}

static enum step send_file(struct conn *c)
{
	for (int i = 0; i < TURN_CHUNKS && c->from < c->to; i++) {
		uint64_t left = c->to - c->from;
		off_t at = (off_t)c->from;
		ssize_t n = sendfile(c->fd, c->file->fd, &at, left < CHUNK ? left : CHUNK);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? keep_output(c) : STEP_CLOSE;
		if (n == 0) /* the file has become shorter: the only way to say so is to end */
			return STEP_CLOSE;
		c->from += (uint64_t)n;
		c->sent += (uint64_t)n;
	}
	if (c->from < c->to)
		return STEP_LATER;
	cache_put(c->file);
	c->file = NULL;
	return STEP_ON;
}

static enum step start_linger(struct conn *c)
{
	const struct input *in = &c->worker->in;

	if (!c->linger && !c->held && in->at == in->len && c->to_drain == 0)
		return STEP_CLOSE;
	if (shutdown(c->fd, SHUT_WR) < 0)
		return STEP_CLOSE;
	c->to_drain = LINGER_BYTES;
	c->state = CONN_LINGER;
	return STEP_ON;
}

static enum step on_send(struct conn *c)
{
	enum step step = STEP_ON;

	if (!c->writable)
		return STEP_WAIT;
	step = send_output(c);
	if (step == STEP_ON && c->file)
		step = send_file(c);
	if (step != STEP_ON)
		return step;
	(void)wait_for(c, WAIT_NONE);
	if (c->close)
		return start_linger(c);
	c->state = c->to_drain > 0 ? CONN_DRAIN : CONN_HEAD;
	return STEP_ON;
}

/* Throws away what is there, up to c->to_drain. STEP_ON when that is done. */
static enum step drain(struct conn *c, enum conn_wait wait)
{
	struct input *in = &c->worker->in;
	enum step step = STEP_ON;

	input_load(c);
	for (;;) {
		uint32_t n = in->len - in->at;

		if (n > c->to_drain)
			n = c->to_drain;
		in->at += n;
		c->to_drain -= n;
		if (c->to_drain == 0)
			return STEP_ON;
		step = input_read(c);
		if (step == STEP_WAIT)
			return wait_for(c, wait);
		if (step != STEP_ON)
			return step;
	}
}

static enum step on_drain(struct conn *c)
{
	enum step step = drain(c, WAIT_BODY);

	if (step != STEP_ON)
		return step;
	(void)wait_for(c, WAIT_NONE);
	c->state = CONN_HEAD;
	return STEP_ON;
}

static enum step on_linger(struct conn *c)
{
	enum step step = drain(c, WAIT_LINGER);

	return step == STEP_ON ? STEP_CLOSE : step;
}

static enum step (*const handlers[])(struct conn *) = {
	[CONN_HEAD] = on_head,
	[CONN_SEND] = on_send,
	[CONN_DRAIN] = on_drain,
	[CONN_LINGER] = on_linger,
};

static void conn_run(struct conn *c)
{
	struct worker *w = c->worker;
	enum step step = STEP_ON;

	c->turn = 0;
	parse_init(&w->in.parse);
	while (step == STEP_ON)
		step = handlers[c->state](c);
	if (step == STEP_CLOSE || !input_save(c)) {
		conn_close(c);
		return;
	}
	w->out->len = w->out->sent = 0; /* sent, or kept */
	if (step == STEP_LATER) {
		ring_remove(&c->place);
		ring_add_last(&w->ready, &c->place);
	}
}

static void on_event(struct watch *watch, unsigned events)
{
	struct conn *c = (struct conn *)watch;

	if (c->state == CONN_CLOSED) /* by another one's event */
		return;
	c->readable |= (events & (LOOP_IN | LOOP_END)) != 0;
	c->writable |= (events & (LOOP_OUT | LOOP_END)) != 0;
	c->ended |= (events & LOOP_END) != 0;
	conn_run(c);
}

void conn_start(struct worker *w, int fd, const struct in6_addr *client)
{
	auto_fd int owned = fd;
	struct conn *c = calloc(1, sizeof(*c));

	if (!c)
		return;
	c->watch.on_event = on_event;
	c->worker = w;
	c->writable = true;
	c->client = *client;
	timer_init(&c->timer);
	ring_init(&c->place);
	if (loop_add(&w->loop, fd, &c->watch) < 0) {
		free(c);
		return;
	}
	c->fd = fd_take(&owned);
	w->n_conns++;
	(void)wait_for(c, WAIT_FRESH);
}

void conn_resume(struct ring *place)
{
	ring_remove(place);
	conn_run(ring_entry(place, struct conn, place));
}

void conn_close_at(struct ring *place)
{
	conn_close(ring_entry(place, struct conn, place));
}

void conn_bury(struct ring *dead)
{
	while (!ring_empty(dead)) {
		struct conn *c = ring_entry(dead->next, struct conn, place);

		ring_remove(&c->place);
		free(c);
	}
}

/* Has the client taken enough since the clock was set? */
static bool sending_moves(struct conn *c)
{
	uint64_t given = c->sent + c->unsent;
	uint32_t unsent = unsent_of(c);

	if (given < unsent + (uint64_t)c->worker->options->send_timeout * SEND_RATE)
		return false;
	c->sent = 0;
	c->unsent = unsent;
	return true;
}

/* A head that did not come in time. */
static void give_up_head(struct conn *c)
{
	struct worker *w = c->worker;

	respond_error(&w->env, 408, w->out);
	log_request(&w->log, &c->client, NULL, NULL, 408, 0, w->env.now_sec);
	c->close = c->linger = true;
	c->state = CONN_SEND;
	conn_run(c);
}

void conn_expire(struct timer *t)
{
	struct conn *c = ring_entry(t, struct conn, timer);
	struct worker *w = c->worker;

	switch ((enum conn_wait)c->wait) {
	case WAIT_NONE:
		return;
	case WAIT_HEAD:
		give_up_head(c);
		return;
	case WAIT_SEND:
		if (sending_moves(c))
			timer_set(&w->timers, t, w->env.now_ms + timeout_of(c, WAIT_SEND));
		else
			conn_abort(c);
		return;
	case WAIT_FRESH:
	case WAIT_IDLE:
	case WAIT_BODY:
	case WAIT_LINGER:
		conn_close(c);
	}
}
