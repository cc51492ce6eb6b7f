/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conn_input - the bytes of a connection that were not looked at yet.
 *
 * They stand in the worker's buffer while the connection has its turn, and are its own (held) only
 * while it waits, so an idle one has none.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "httpd/conn_state.h"
#include "httpd/io.h"

/* Brings the connection's unread bytes into the worker's buffer. */
void conn_load_input(struct conn *c)
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

bool conn_keep_input(struct conn *c)
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

enum step conn_read_input(struct conn *c)
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
	n = io_recv(c->fd, in->data + in->len, room);
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
