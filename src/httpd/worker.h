/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker - one thread: a loop, its listening sockets, its connections, its cache.
 *
 * Workers share nothing but the root and the options, so nothing here is locked; the kernel spreads
 * connections over their sockets (SO_REUSEPORT).
 */
#ifndef HTTPD_WORKER_H
#define HTTPD_WORKER_H

#include "httpd/listener.h"
#include "httpd/log.h"
#include "httpd/loop.h"
#include "httpd/options.h"
#include "httpd/respond.h"
#include "httpd/ring.h"
#include "httpd/timer.h"

#include <stdbool.h>
#include <stdint.h>

/* Bytes of the connection that is being looked at. What it leaves unread it takes with it. */
struct input {
	struct parse parse; /* of the request that starts at data[at] */
	uint32_t at, len;
	char data[PARSE_HEAD_MAX];
};

struct worker {
	const struct options *options;
	struct loop loop;
	struct timer_wheel timers;
	struct cache cache;
	struct respond_env env;
	struct log log;
	struct input in;    /* empty between two connections */
	struct output *out; /* the same */
	struct ring idle;   /* connections without a request, who waits longest first */
	struct ring ready;  /* connections that have more to do, for the sake of the others */
	struct ring dead;   /* closed, to be freed when the loop has told everyone */
	unsigned n_conns, max_conns;
	struct listener listeners[OPTIONS_LISTEN_MAX];
	unsigned n_listeners;
	int reserve_fd; /* given up to refuse a connection when there are no descriptors */
	struct watch stop;
	int stop_fd;
	bool stopping;
	uint64_t stop_ms; /* when stopping: the end, whoever is still there */
};

/*
 * @fds are the listening sockets, one for each of the options' addresses; the worker takes them.
 * NULL with @e filled on failure.
 */
struct worker *worker_new(const struct options *options, const struct file_root *root, int *fds,
			  unsigned n_fds, unsigned max_conns, struct err *e);
void worker_free(struct worker *w);
/* Serves until worker_stop(). Returns 0, or negative with @e filled. */
int worker_run(struct worker *w, struct err *e);
/* From any thread: no new connections, and an end when those at work are done. */
void worker_stop(struct worker *w);
/* Closes the connection that has waited longest for a request. False when there is none. */
bool worker_shed(struct worker *w);

#endif
