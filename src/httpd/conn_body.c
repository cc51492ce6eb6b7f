/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conn_body - what a request carries behind its head, all of it to be thrown away.
 *
 * As a rule that happens behind the answer. A client that asks whether to go on (Expect:
 * 100-continue), about a request that will not be refused for its head, is told to, and gets its
 * answer behind the content; the head stays in front of the buffer meanwhile.
 *
 * The end comes in stages when the client may still be sending: our side is shut, then what comes
 * is read as long as it comes, but no longer than any body may take: a reset would take the answer
 * away from the client, or hide it from one that does not look before it has sent everything.
 */
#include <string.h>
#include <sys/socket.h>

#include "httpd/conn_state.h"

void conn_parse_next(struct worker *w)
{
	parse_init(&w->in.parse);
	w->in.parse.limits = &w->limits;
}

/* A client that sends as fast as we read would keep others waiting. */
static enum step read_more(struct conn *c)
{
	return c->turn++ < CONN_TURN ? conn_read_input(c) : STEP_LATER;
}

enum step conn_start_linger(struct conn *c)
{
	const struct input *in = &c->worker->in;

	if (!c->linger && !c->held && in->at == in->len && c->to_drain == 0 && !c->chunked)
		return STEP_CLOSE;
	if (shutdown(c->fd, SHUT_WR) < 0)
		return STEP_CLOSE;
	c->to_drain = UINT32_MAX; /* the clock ends it before */
	c->state = CONN_LINGER;
	c->sent = 0;
	c->since_ms = c->worker->env.time.now_ms;
	(void)conn_wait_for(c, WAIT_LINGER); /* its clock runs also for who never pauses */
	return STEP_ON;
}

/* Takes @n bytes away that stand behind the head. */
static void forget_content(struct input *in, uint32_t n)
{
	uint32_t at = in->at + in->parse.pos;

	in->len -= n;
	memmove(in->data + at, in->data + at + n, in->len - at);
}

static enum chunk_result take_content(struct conn *c)
{
	struct input *in = &c->worker->in;
	uint32_t from = in->at + in->parse.pos, n = in->len - from;

	if (c->chunked) {
		size_t used;
		enum chunk_result result =
			chunk_feed(&c->chunk, in->data + from, n, c->worker->limits.body, &used);

		if (result == CHUNK_MORE || result == CHUNK_DONE)
			forget_content(in, (uint32_t)used);
		return result;
	}
	n = n < c->to_drain ? n : c->to_drain;
	c->to_drain -= n;
	forget_content(in, n);
	return c->to_drain > 0 ? CHUNK_MORE : CHUNK_DONE;
}

enum step conn_start_content(struct conn *c)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct worker *w = c->worker;
	struct parse *p = &w->in.parse;

	c->state = CONN_SEND; /* and then CONN_CONTENT, or back to here */
	if (output_room(w->out) < sizeof(go_on))
		return STEP_ON;
	if (w->in.len == w->in.at + p->pos) /* who sends does not ask */
		output_str(w->out, go_on);
	c->content = true;
	c->to_drain = (uint32_t)p->content_length;
	c->chunked = p->chunked;
	chunk_init(&c->chunk);
	p->content_length = 0;
	p->chunked = p->expects = false;
	return STEP_ON;
}

enum step conn_on_content(struct conn *c)
{
	enum chunk_result result;

	conn_load_input(c);
	while ((result = take_content(c)) == CHUNK_MORE) {
		enum step step = read_more(c);

		if (step == STEP_WAIT)
			return conn_wait_for(c, WAIT_CONTENT);
		if (step != STEP_ON)
			return step;
	}
	if (result != CHUNK_DONE) { /* what is left of it stays unread */
		c->worker->in.parse.status = result == CHUNK_BAD ? 400 : 413;
		c->worker->in.parse.keep_alive = false;
	}
	c->content = c->chunked = false;
	c->state = CONN_HEAD;
	(void)conn_wait_for(c, WAIT_NONE);
	return STEP_ON;
}

/* Throws away what is there, up to c->to_drain. STEP_ON when that is done. */
static enum step drain(struct conn *c, enum conn_wait wait)
{
	struct input *in = &c->worker->in;
	enum step step = STEP_ON;

	conn_load_input(c);
	for (;;) {
		uint32_t n = in->len - in->at;

		if (n > c->to_drain)
			n = c->to_drain;
		in->at += n;
		c->to_drain -= n;
		c->sent += n;
		if (c->to_drain == 0)
			return STEP_ON;
		step = read_more(c);
		if (step == STEP_WAIT)
			return conn_wait_for(c, wait);
		if (step != STEP_ON)
			return step;
	}
}

/* The same for a chunked body, whose end is in itself. It was answered: a bad one just ends. */
static enum step drain_chunks(struct conn *c)
{
	struct input *in = &c->worker->in;
	enum step step = STEP_ON;

	conn_load_input(c);
	for (;;) {
		size_t used;
		enum chunk_result result =
			chunk_feed(&c->chunk, in->data + in->at, in->len - in->at,
				   c->worker->limits.body, &used);

		in->at += (uint32_t)used;
		if (result == CHUNK_BAD || result == CHUNK_LARGE) {
			c->linger = true;
			return conn_start_linger(c);
		}
		if (result == CHUNK_DONE) {
			c->chunked = false;
			return STEP_ON;
		}
		step = read_more(c);
		if (step == STEP_WAIT)
			return conn_wait_for(c, WAIT_BODY);
		if (step != STEP_ON)
			return step;
	}
}

enum step conn_on_drain(struct conn *c)
{
	enum step step = c->chunked ? drain_chunks(c) : drain(c, WAIT_BODY);

	if (step != STEP_ON || c->state != CONN_DRAIN)
		return step;
	(void)conn_wait_for(c, WAIT_NONE);
	conn_parse_next(c->worker);
	c->state = CONN_HEAD;
	return STEP_ON;
}

enum step conn_on_linger(struct conn *c)
{
	enum step step = drain(c, WAIT_LINGER);

	return step == STEP_ON ? STEP_CLOSE : step;
}

bool conn_lingers_on(struct conn *c)
{
	const struct worker *w = c->worker;
	bool sends = c->sent > 0;

	c->sent = 0;
	return sends && !w->stopping &&
	       w->env.time.now_ms < c->since_ms + w->options->body_timeout * 1000ull;
}
