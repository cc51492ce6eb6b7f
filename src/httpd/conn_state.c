/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conn_state - what a connection does.
 *
 *	     ---> CONTENT -> HEAD          who asked whether to send its body sends it first
 *	HEAD ---> SEND ---> HEAD           the next request; it may be here already
 *	              \---> DRAIN -> HEAD  its body is thrown away first
 *	              \---> LINGER -> CLOSED
 *
 * A state is a handler, which does what it can and says what is next. The buffers are the worker's
 * and serve one connection after the other: unread bytes (held) and unsent ones (out) belong to a
 * connection only while it waits, so an idle one has neither. Answers to pipelined requests gather
 * in the buffer and leave together. What would wait for the disk becomes a job; until it is back
 * the connection is left alone, and then goes on where it was.
 */
#include "httpd/conn_state.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <time.h>

#include "httpd/io.h"

#define TURN_CHUNKS 4         /* of a file, before other connections have their turn */
#define CHUNK       (1 << 20) /* of a file, for one sendfile */
#define BATCH       16384     /* answers that gather before they are sent */
#define PIECE_MAX   16384     /* of a file, that gathers with them */
#define TRIES_MAX   16        /* jobs that one request may need */

static enum step read_head(struct conn *c)
{
	struct input *in = &c->worker->in;
	enum step step = conn_read_input(c);

	if (step != STEP_WAIT)
		return step;
	if (in->len > in->at)
		return conn_wait_for(c, WAIT_HEAD);
	if (c->wait == WAIT_FRESH)
		return STEP_WAIT;
	return c->worker->stopping ? STEP_CLOSE : conn_wait_for(c, WAIT_IDLE);
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* The connection is left alone until @job is back. */
static enum step start_job(struct conn *c, struct disk_job *job)
{
	struct worker *w = c->worker;
	bool is_new;

	(void)conn_wait_for(c, WAIT_NONE);
	job = disk_table_add(&w->jobs, job, &is_new);
	ring_add_last(&job->waiting, &c->place);
	c->waits_for_job = true;
	if (!is_new)
		return STEP_WAIT;
	job->job.sink = &w->sink;
	w->n_jobs++;
	metrics_add(&w->metrics.disk_jobs, 1);
	pool_submit(w->pool, &job->job);
	return STEP_WAIT;
}

/* What the answer depends on, and this request. */
static const struct respond_env *env_for(struct conn *c)
{
	struct respond_env *env = &c->worker->env;
	uint64_t now = env->time.now_ms;

	/* what was found since this request waited is believed, however long that took */
	env->time.since_ms = now > CACHE_FRESH_MS ? now - CACHE_FRESH_MS + 1 : 0;
	if (c->since_ms > 0 && c->since_ms < env->time.since_ms)
		env->time.since_ms = c->since_ms;
	env->is_status = c->is_status;
	env->give_up = c->tries >= TRIES_MAX;
	return env;
}

/* The answer cannot be written before a job is done. */
static enum step wait_for_disk(struct conn *c, struct disk_job *job)
{
	struct worker *w = c->worker;

	if (c->since_ms == 0)
		c->since_ms = w->env.time.now_ms > 0 ? w->env.time.now_ms : 1;
	c->tries++;
	return start_job(c, job);
}

/*
 * A small piece of a large file goes with the head, if it is in memory: one call less than asking
 * for it and sending it, and it can gather with other answers. Copying it from the cache is cheaper
 * than having the kernel gather two pieces; but what is one piece with its head stays where it is.
 */
static void take_piece(struct worker *w, struct reply *reply)
{
	struct output *out = w->out;
	uint64_t len = reply->to - reply->from;

	if (!reply->file || reply->parts || len > PIECE_MAX || len > output_room(out))
		return;
	if (reply->data && out->len == 0)
		return;
	if (reply->data)
		memcpy(out->data + out->len, reply->data + reply->from, len);
	else if (!file_read_now(reply->file->fd, out->data + out->len, reply->from, len))
		return;
	out->len += (uint32_t)len;
	cache_put(reply->file);
	reply->file = NULL;
	reply->from = reply->to = 0;
}

/* What is left of the request and its answer, in the connection. */
static void note_answer(struct conn *c, const struct reply *reply, bool bad)
{
	const struct parse *p = &c->worker->in.parse;

	c->file = reply->file;
	c->data = reply->data;
	c->parts = reply->parts;
	c->from = c->warm = reply->from;
	c->to = reply->to;
	c->given = 0;
	c->body_at = reply->body_at;
	c->status = (uint16_t)reply->status;
	c->close = reply->close;
	c->linger = bad || p->keep_alive; /* who did not ask for the end may have sent more */
	c->to_drain = bad ? 0 : (uint32_t)p->content_length;
	c->chunked = !bad && p->chunked;
	chunk_init(&c->chunk);
	c->since_ms = 0;
	c->tries = 0;
	c->requests++;
	c->turn++;
	c->pending++;
}

/* The head in the buffer is whole, or beyond repair: puts the answer into the output. */
static enum step answer(struct conn *c, bool bad)
{
	struct worker *w = c->worker;
	struct input *in = &w->in;
	const char *head = in->data + in->at;
	unsigned max = w->options->max_requests;
	struct reply reply __attribute__((uninitialized)); /* respond_to() does it */

	if (output_room(w->out) < RESPOND_MAX) {
		c->state = CONN_SEND; /* and come back */
		return STEP_ON;
	}
	if (w->measure && c->pending == 0 && c->began_us == 0)
		c->began_us = now_us();
	if (!respond_to(env_for(c), &in->parse, head,
			bad || w->stopping || (max > 0 && c->requests + 1 >= max), w->out,
			&reply)) {
		if (w->out->len == 0)
			return wait_for_disk(c, reply.job);
		disk_drop(reply.job); /* once those before it are on their way */
		c->state = CONN_SEND;
		return STEP_ON;
	}
	worker_take_reserve(w);
	take_piece(w, &reply);
	note_answer(c, &reply, bad);
	if (c->file)
		conn_log_later(c, &in->parse, head);
	else
		conn_log(c, &in->parse, head, reply.status, reply.body_len);
	in->at += in->parse.pos;
	conn_parse_next(w);
	(void)conn_wait_for(c, WAIT_NONE);
	if (in->at == in->len || c->file || c->close || c->to_drain > 0 || c->chunked ||
	    w->out->len >= BATCH || c->turn >= CONN_TURN)
		c->state = CONN_SEND;
	return STEP_ON;
}

/* The head at the front of the buffer, as far as it has come. */
static enum parse_result parse_head(struct input *in)
{
	if (in->at == in->len) /* the usual end of a turn: there is nothing to begin with */
		return PARSE_MORE;
	return parse_feed(&in->parse, in->data + in->at, in->len - in->at);
}

static enum step on_head(struct conn *c)
{
	struct input *in = &c->worker->in;

	conn_load_input(c);
	if (c->turn >= CONN_TURN)
		return STEP_LATER;
	switch (parse_head(in)) {
	case PARSE_DONE:
		if (in->parse.expects && in->parse.status == 0 && parse_has_content(&in->parse))
			return conn_start_content(c);
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
	return conn_wait_for(c, WAIT_SEND);
}

static void note_sent(struct conn *c, uint64_t n)
{
	c->sent += n;
	c->given += n;
}

/* The rest of the output, and with it what is in memory of a file behind it. */
static ssize_t send_rest(struct conn *c, const struct output *out)
{
	struct iovec v[2] = {{(char *)out->data + out->sent, out->len - out->sent}};

	if (!c->file || !c->data)
		return io_send(c->fd, v[0].iov_base, v[0].iov_len, c->from < c->to ? MSG_MORE : 0);
	v[1].iov_base = (char *)c->data + c->from;
	v[1].iov_len = c->to - c->from;
	return io_send_two(c->fd, v, c->parts ? MSG_MORE : 0);
}

static enum step send_output(struct conn *c)
{
	struct output *out = c->out ? c->out : c->worker->out;

	while (out->sent < out->len) {
		uint32_t left = out->len - out->sent;
		ssize_t n = send_rest(c, out);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? keep_output(c) : STEP_CLOSE;
		note_sent(c, (uint64_t)n);
		if ((size_t)n > left)
			c->from += (uint64_t)n - left;
		out->sent += (size_t)n < left ? (uint32_t)n : left;
	}
	if (c->out) { /* rarely; free(NULL) is a call nevertheless, for each request */
		free(c->out);
		c->out = NULL;
	}
	c->worker->out->len = c->worker->out->sent = 0;
	return STEP_ON;
}

/* Is the next chunk in memory? Each is asked about once, and brought there when it is not. */
static struct disk_job *cold_chunk(struct conn *c, uint64_t to)
{
	if (c->from < c->warm || file_is_warm(c->file->fd, c->from, to)) {
		c->warm = to > c->warm ? to : c->warm;
		return NULL;
	}
	c->warm = to;
	return disk_warm_new(c->file, c->from, to);
}

static ssize_t send_chunk(struct conn *c, uint64_t len)
{
	off_t at = (off_t)c->from;

	if (c->data)
		return io_send(c->fd, c->data + c->from, len, c->parts ? MSG_MORE : 0);
	return sendfile(c->fd, c->file->fd, &at, len);
}

static enum step send_file(struct conn *c)
{
	for (int i = 0; i < TURN_CHUNKS && c->from < c->to; i++) {
		uint64_t left = c->to - c->from, len = left < CHUNK ? left : CHUNK;
		struct disk_job *job = c->data ? NULL : cold_chunk(c, c->from + len);
		ssize_t n;

		if (job)
			return start_job(c, job);
		n = send_chunk(c, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? keep_output(c) : STEP_CLOSE;
		if (n == 0) /* the file has become shorter: the only way to say so is to end */
			return STEP_CLOSE;
		c->from += (uint64_t)n;
		note_sent(c, (uint64_t)n);
	}
	return c->from < c->to ? STEP_LATER : STEP_ON;
}

/* Writes what stands in front of the next part. False when there is none. */
static bool start_part(struct conn *c)
{
	struct range range = {.from = 0};

	if (!c->parts)
		return false;
	if (!parts_next(c->parts, c->worker->out, &range)) {
		free(c->parts);
		c->parts = NULL;
	}
	c->from = c->warm = range.from;
	c->to = range.to;
	return true;
}

/* All that was answered is with the kernel. */
static void end_answers(struct conn *c)
{
	struct worker *w = c->worker;

	conn_end_answer(c);
	(void)conn_wait_for(c, WAIT_NONE);
	if (w->measure && c->pending > 0 && c->began_us > 0) {
		uint64_t us = now_us() - c->began_us;

		for (; c->pending > 0; c->pending--)
			metrics_latency(&w->metrics, us);
	}
	c->pending = 0;
	c->began_us = 0;
}

static enum step on_send(struct conn *c)
{
	enum step step = STEP_ON;

	if (!c->writable)
		return STEP_WAIT;
	conn_fetch_ahead(c->worker);
	step = send_output(c);
	if (step == STEP_ON && c->file)
		step = send_file(c);
	if (step != STEP_ON || start_part(c))
		return step;
	end_answers(c);
	if (c->close)
		return conn_start_linger(c);
	if (c->content)
		c->state = CONN_CONTENT;
	else
		c->state = c->to_drain > 0 || c->chunked ? CONN_DRAIN : CONN_HEAD;
	return STEP_ON;
}

static enum step (*const handlers[])(struct conn *) = {
	[CONN_HEAD] = on_head,        [CONN_CONTENT] = conn_on_content, [CONN_SEND] = on_send,
	[CONN_DRAIN] = conn_on_drain, [CONN_LINGER] = conn_on_linger,
};

enum step conn_step(struct conn *c)
{
	return handlers[c->state](c);
}
