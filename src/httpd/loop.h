/* SPDX-License-Identifier: Apache-2.0 */
/* loop - readiness of descriptors; the only part that knows epoll. */
#ifndef HTTPD_LOOP_H
#define HTTPD_LOOP_H

#include "tinyrun/err.h"

enum {
	LOOP_IN = 1,  /* may be readable */
	LOOP_OUT = 2, /* may be writable */
	LOOP_END = 4, /* the peer has ended, or there is an error: reading will say */
};

/* Stands within whatever waits for a descriptor. */
struct watch {
	void (*on_event)(struct watch *watch, unsigned events);
	void (*on_next)(struct watch *watch, unsigned events); /* see loop_announce(); or NULL */
};

#define LOOP_EVENTS 256

struct loop {
	int fd;
	int n_ready, at;
	struct {
		struct watch *watch;
		unsigned events;
	} ready[LOOP_EVENTS];
};

int loop_open(struct loop *l, struct err *e);
void loop_close(struct loop *l);
/*
 * Reports @fd to @watch from now until it is closed, edge by edge: whoever is told has to go on
 * until EAGAIN. Returns 0 or -errno.
 */
int loop_add(struct loop *l, int fd, struct watch *watch);
/*
 * Reports a listening @fd to @watch in every turn in which it is readable, so that nobody has to go
 * on until EAGAIN. Of several loops that share the socket one is told. Returns 0 or -errno.
 */
int loop_add_listener(struct loop *l, int fd, struct watch *watch);
void loop_remove(struct loop *l, int fd);
/* Waits at most @timeout_ms (-1: for ever) and collects what is ready. Returns 0 or -errno. */
int loop_wait(struct loop *l, int timeout_ms);
/* Tells the watches what loop_wait() collected. They have to stay in memory until it returns. */
void loop_dispatch(struct loop *l);

/* From on_event(): tells who is next, with on_next(), that its turn is near. */
void loop_announce(struct loop *l);

#endif
