/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conn_ahead - the next request is read before this one is answered.
 *
 * With thousands of small files what a request asks for is not in the processor's caches, and an
 * answer would wait for it, line after line. It is fetched while another answer is sent instead,
 * which takes long enough. Only what waits for nothing but a request is read ahead, and its turn
 * is the next one.
 */
#include <assert.h>
#include <string.h>

#include "httpd/conn_state.h"
#include "httpd/io.h"
#include "httpd/target.h"

bool conn_may_read_ahead(const struct conn *c)
{
	return c->state == CONN_HEAD && c->wait == WAIT_IDLE && !c->held && !c->ended;
}

/* Only a guess what it will be answered with: nothing depends on that. */
static void fetch_place(const struct worker *w, struct ahead *ahead)
{
	const struct parse *p = &ahead->parse;
	char path[sizeof(ahead->data)] __attribute__((uninitialized));
	size_t len;

	if (target_to_path(ahead->data + p->path.at, p->path.len, path, &len) == 0)
		ahead->place = cache_fetch_place(&w->cache, path, len);
}

/* What is wrong with the connection shows again when it has its turn. */
void conn_read_ahead(struct conn *c)
{
	struct worker *w = c->worker;
	struct ahead *ahead = &w->ahead;
	ssize_t n;

	assert(!ahead->conn);
	n = io_recv(c->fd, ahead->data, sizeof(ahead->data));
	if (n <= 0)
		return;
	c->readable = (size_t)n == sizeof(ahead->data) || c->ended;
	(void)conn_wait_for(c, WAIT_NONE); /* nobody takes it for idle */
	ahead->conn = c;
	ahead->len = (uint32_t)n;
	parse_init(&ahead->parse);
	ahead->parse.limits = &w->limits;
	if (parse_feed(&ahead->parse, ahead->data, ahead->len) == PARSE_DONE)
		fetch_place(w, ahead);
}

void conn_take_ahead(struct conn *c)
{
	struct input *in = &c->worker->in;
	struct ahead *ahead = &c->worker->ahead;

	in->parse = ahead->parse;
	in->at = 0;
	in->len = ahead->len;
	memcpy(in->data, ahead->data, ahead->len);
	ahead->conn = NULL;
	ahead->place = NULL;
}
