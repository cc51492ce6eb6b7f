/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conn - one client's connection, from accept to close: its life, its clock, its place among the
 * worker's others. What it does in between is in conn_state.c.
 */
#include "httpd/conn.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "httpd/conn_state.h"
#include "tinyrun/fd.h"

#define SEND_RATE 1024 /* bytes a second that a client has to take on average */

static void conn_close(struct conn *c)
{
	struct worker *w = c->worker;

	if (w->ahead.conn == c)
		w->ahead.conn = NULL; /* what is fetched may be of use to others */
	timer_clear(&w->timers, &c->timer);
	ring_remove(&c->place);
	ring_add_last(&w->dead, &c->place);
	fd_close(&c->fd);
	free(c->held);
	free(c->out);
	free(c->parts);
	conn_end_answer(c);
	if (c->counted)
		clients_leave(w->clients, &c->client);
	c->held = NULL;
	c->out = NULL;
	c->parts = NULL;
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

uint32_t conn_unsent(const struct conn *c)
{
	int n = 0;

	return ioctl(c->fd, SIOCOUTQ, &n) == 0 && n > 0 ? (uint32_t)n : 0;
}

uint64_t conn_timeout(const struct conn *c, enum conn_wait wait)
{
	const struct options *o = c->worker->options;

	switch (wait) {
	case WAIT_IDLE:
		return o->idle_timeout * 1000ull;
	case WAIT_SEND:
		return o->send_timeout * 1000ull;
	case WAIT_BODY:
	case WAIT_CONTENT:
		return o->body_timeout * 1000ull;
	case WAIT_LINGER:
		return CONN_LINGER_MS;
	default:
		return o->header_timeout * 1000ull;
	}
}

void conn_change_wait(struct conn *c, enum conn_wait wait)
{
	struct worker *w = c->worker;
	enum conn_wait before = c->wait;

	c->wait = (uint8_t)wait;
	ring_remove(&c->place);
	if (wait == WAIT_IDLE || wait == WAIT_FRESH)
		ring_add_last(&w->idle, &c->place);
	if (wait == WAIT_SEND) {
		c->sent = 0;
		c->unsent = conn_unsent(c);
	}
	/* the clock of the first head runs from accept */
	if (wait != WAIT_NONE && !(wait == WAIT_HEAD && before == WAIT_FRESH))
		timer_set(&w->timers, &c->timer, w->env.time.now_ms + conn_timeout(c, wait));
}

/* What the log will say about an answer under way, when it is known how much of it was sent. */
struct record {
	struct parse parse;
	char head[];
};

void conn_log_later(struct conn *c, const struct parse *p, const char *head)
{
	if (c->worker->log.format == LOG_OFF || c->is_status)
		return;
	c->record = malloc(sizeof(*c->record) + p->pos);
	if (!c->record)
		return;
	c->record->parse = *p;
	memcpy(c->record->head, head, p->pos);
}

void conn_end_answer(struct conn *c)
{
	uint64_t sent = c->given > c->body_at ? c->given - c->body_at : 0;

	if (!c->file)
		return;
	conn_log(c, c->record ? &c->record->parse : NULL, c->record ? c->record->head : NULL,
		 c->status, sent);
	if (c->record)
		free(c->record);
	c->record = NULL;
	cache_put(c->file);
	c->file = NULL;
}

void conn_log(struct conn *c, const struct parse *p, const char *head, int status, uint64_t bytes)
{
	struct worker *w = c->worker;

	metrics_request(&w->metrics, status, bytes);
	if (w->log.format != LOG_OFF && !c->is_status) {
		const struct log_entry entry = {
			.client = IN6_IS_ADDR_UNSPECIFIED(&c->client) ? NULL : &c->client,
			.p = p,
			.head = head,
			.status = status,
			.bytes = bytes,
			.now_sec = w->env.time.now_sec,
		};

		log_request(&w->log, &entry);
	}
}

/* From the first time that it has to wait: what is answered at once needs nobody to watch. */
static bool be_watched(struct conn *c)
{
	c->watched = c->watched || loop_add(&c->worker->loop, c->fd, &c->watch) == 0;
	return c->watched;
}

static void conn_run(struct conn *c)
{
	struct worker *w = c->worker;
	enum step step = STEP_ON;

	c->turn = 0;
	if (w->in.len == 0) /* else it was read ahead */
		conn_parse_next(w);
	w->running = &c->place;
	while (step == STEP_ON)
		step = conn_step(c);
	w->running = NULL;
	if (step == STEP_CLOSE || !be_watched(c) || !conn_keep_input(c)) {
		w->in.at = w->in.len = 0;
		w->out->len = w->out->sent = 0;
		conn_close(c);
		return;
	}
	w->out->len = w->out->sent = 0; /* sent, or kept */
	if (step == STEP_LATER) {
		ring_remove(&c->place);
		ring_add_last(&w->ready, &c->place);
	}
}

static void note_events(struct conn *c, unsigned events)
{
	c->readable |= (events & (LOOP_IN | LOOP_END)) != 0;
	c->writable |= (events & (LOOP_OUT | LOOP_END)) != 0;
	c->ended |= (events & LOOP_END) != 0;
}

static void on_event(struct watch *watch, unsigned events)
{
	struct conn *c = (struct conn *)watch;
	struct worker *w = c->worker;

	if (c->state == CONN_CLOSED) /* by another one's event */
		return;
	if (w->ahead.conn == c)
		conn_take_ahead(c);
	else
		note_events(c, events);
	if (c->waits_for_job)
		return;
	if (cache_is_large(&w->cache))
		loop_announce(&w->loop);
	conn_run(c);
}

static void on_next(struct watch *watch, unsigned events)
{
	struct conn *c = (struct conn *)watch;

	if (!(events & LOOP_IN) || !conn_may_read_ahead(c))
		return;
	note_events(c, events);
	conn_read_ahead(c);
}

void conn_start(struct worker *w, int fd, const struct in6_addr *client, bool is_status)
{
	auto_fd int owned = fd;
	bool local = IN6_IS_ADDR_UNSPECIFIED(client);
	struct conn *c;

	if (!local && !is_status && !clients_enter(w->clients, client)) {
		metrics_add(&w->metrics.refused, 1);
		return;
	}
	c = calloc(1, sizeof(*c));
	if (!c) {
		if (!local && !is_status)
			clients_leave(w->clients, client);
		return;
	}
	c->watch.on_event = on_event;
	c->watch.on_next = on_next;
	c->worker = w;
	c->readable = c->writable = true; /* the request may be there already */
	c->client = *client;
	c->is_status = is_status;
	c->counted = !local && !is_status;
	c->fd = fd_take(&owned);
	timer_init(&c->timer);
	ring_init(&c->place);
	w->n_conns++;
	metrics_add(&w->metrics.accepted, 1);
	(void)conn_wait_for(c, WAIT_FRESH);
	conn_run(c);
}

void conn_resume(struct ring *place)
{
	ring_remove(place);
	conn_run(ring_entry(place, struct conn, place));
}

void conn_job_done(struct ring *place)
{
	struct conn *c = ring_entry(place, struct conn, place);

	ring_remove(place);
	c->waits_for_job = false;
	conn_run(c);
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
	uint32_t unsent = conn_unsent(c);

	if (given < unsent + (uint64_t)c->worker->options->send_timeout * SEND_RATE)
		return false;
	c->sent = 0;
	c->unsent = unsent;
	return true;
}

/* A request that did not come in time. */
static void give_up_request(struct conn *c)
{
	struct worker *w = c->worker;

	respond_error(&w->env, 408, w->out);
	conn_log(c, NULL, NULL, 408, 0);
	c->content = false;
	c->close = c->linger = true;
	c->state = CONN_SEND;
	conn_run(c);
}

void conn_cut(struct timer *t)
{
	conn_close(ring_entry(t, struct conn, timer));
}

void conn_expire(struct timer *t)
{
	struct conn *c = ring_entry(t, struct conn, timer);
	struct worker *w = c->worker;

	if (c->wait == WAIT_NONE)
		return;
	if ((c->wait == WAIT_SEND && sending_moves(c)) ||
	    (c->wait == WAIT_LINGER && conn_lingers_on(c))) {
		timer_set(&w->timers, t, w->env.time.now_ms + conn_timeout(c, c->wait));
		return;
	}
	metrics_add(&w->metrics.timeouts, 1);
	switch ((enum conn_wait)c->wait) {
	case WAIT_HEAD:
	case WAIT_CONTENT:
		give_up_request(c);
		return;
	case WAIT_SEND:
		conn_abort(c);
		return;
	default:
		conn_close(c);
	}
}
