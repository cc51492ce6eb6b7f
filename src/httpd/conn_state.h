/* SPDX-License-Identifier: Apache-2.0 */
/* conn_state - what a connection is; between conn.c and the files with what it does. */
#ifndef HTTPD_CONN_STATE_H
#define HTTPD_CONN_STATE_H

#include "httpd/chunk.h"
#include "httpd/conn.h"
#include "httpd/worker.h"

#define CONN_LINGER_MS 2000 /* without a byte */
#define CONN_TURN      64   /* requests, or reads of content, before others have their turn */

enum conn_state { CONN_HEAD, CONN_CONTENT, CONN_SEND, CONN_DRAIN, CONN_LINGER, CONN_CLOSED };

/* What the connection waits for. Only a change sets the clock: a byte of progress does not. */
enum conn_wait {
	WAIT_NONE,
	WAIT_FRESH,   /* the first byte ever */
	WAIT_IDLE,    /* the first byte of another request */
	WAIT_HEAD,    /* the rest of a head */
	WAIT_CONTENT, /* before the answer */
	WAIT_BODY,    /* behind it */
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
	const char *data;        /* of it in memory, or NULL */
	struct parts *parts;     /* and more of it */
	struct record *record;   /* for the log, while there is a file */
	uint64_t from, to, warm; /* up to .warm the file was brought into memory */
	uint64_t since_ms;       /* when this request first had to wait for the disk; 0: not yet;
				    in CONN_LINGER: when that began */
	uint64_t began_us;       /* the first of .pending answers, when latency is measured */
	uint64_t sent;           /* since the clock for WAIT_SEND was set; in CONN_LINGER: taken */
	uint64_t given;          /* to the kernel, since there is a file */
	uint32_t body_at;        /* so much of that comes before the file's answer's body */
	uint32_t unsent;         /* in the kernel at that time */
	uint32_t to_drain;       /* of a request's body; in CONN_LINGER: what we still read */
	uint32_t requests;
	struct chunk chunk;
	int fd;
	uint16_t status; /* of the answer with a file */
	uint8_t state, wait, turn, tries;
	uint8_t pending;
	bool readable, writable, ended;
	bool watched; /* by the loop */
	bool close, linger, chunked;
	bool content;            /* is read before the answer */
	bool waits_for_job;      /* in its ring: nothing is done until it is back */
	bool is_status, counted; /* counted: among its client's connections */
	struct in6_addr client;  /* all 0: through a unix socket */
};

/* The handler of the connection's state: what it says is what comes next. */
enum step conn_step(struct conn *c);
void conn_change_wait(struct conn *c, enum conn_wait wait);
static inline enum step conn_wait_for(struct conn *c, enum conn_wait wait)
{
	if (c->wait != wait)
		conn_change_wait(c, wait);
	return STEP_WAIT;
}
/* Bytes that the kernel has not got rid of. */
uint32_t conn_unsent(const struct conn *c);
uint64_t conn_timeout(const struct conn *c, enum conn_wait wait);
/* The answer whose file is being sent is over, for better or worse. */
void conn_end_answer(struct conn *c);
/* Keeps what conn_end_answer() needs to log the request. */
void conn_log_later(struct conn *c, const struct parse *p, const char *head);
/* Of conn_input.c: unread bytes from the connection to the worker's buffer, and back. */
void conn_load_input(struct conn *c);
bool conn_keep_input(struct conn *c); /* false when memory is out */
/* STEP_ON when there are more. */
enum step conn_read_input(struct conn *c);
/* Of conn_ahead.c: reads what has come, and later brings it to where it is looked at. */
bool conn_may_read_ahead(const struct conn *c);
void conn_read_ahead(struct conn *c);
void conn_take_ahead(struct conn *c);
/* While something is sent. */
static inline void conn_fetch_ahead(struct worker *w)
{
	if (!w->ahead.place)
		return;
	cache_fetch(w->ahead.place);
	w->ahead.place = NULL;
}
/* Of conn_body.c: the handlers of content, and the way to them. */
enum step conn_on_content(struct conn *c);
enum step conn_on_drain(struct conn *c);
enum step conn_on_linger(struct conn *c);
enum step conn_start_content(struct conn *c);
enum step conn_start_linger(struct conn *c);
/* Does the client send, and may it do so for longer? */
bool conn_lingers_on(struct conn *c);
void conn_parse_next(struct worker *w);
void conn_log(struct conn *c, const struct parse *p, const char *head, int status, uint64_t bytes);

#endif
