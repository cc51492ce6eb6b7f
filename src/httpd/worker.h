/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker - one thread: a loop, its listening sockets, its connections, its cache.
 *
 * Of what workers share (struct worker_shared) each part says itself who may touch it, so nothing
 * here is locked; the kernel spreads connections over their sockets (SO_REUSEPORT).
 */
#ifndef HTTPD_WORKER_H
#define HTTPD_WORKER_H

#include "httpd/clients.h"
#include "httpd/listener.h"
#include "httpd/log.h"
#include "httpd/log_writer.h"
#include "httpd/loop.h"
#include "httpd/metrics.h"
#include "httpd/options.h"
#include "httpd/pace.h"
#include "httpd/pool.h"
#include "httpd/respond.h"
#include "httpd/ring.h"
#include "httpd/timer.h"

#include <stdbool.h>
#include <stdint.h>

/* Bytes of the connection that is being looked at. What it leaves unread it takes with it. */
struct input {
	struct parse parse; /* of the request that starts at data[at] */
	uint32_t at, len;
	char data[PARSE_HEAD_MAX + 256]; /* there is room behind the longest head */
};

/*
 * Bytes of the connection that is next, see conn_ahead.c: as a rule one request, and the file that
 * it asks for is on its way from memory while another one is answered.
 */
struct ahead {
	struct conn *conn;               /* NULL: there is nothing */
	struct cache_file *const *place; /* what is still to be fetched, or NULL */
	struct parse parse;
	uint32_t len;
	char data[1024];
};

/* What all workers have in common. */
struct worker_shared {
	const struct options *options;
	const struct file_root *root;
	struct pool *pool;
	struct clients *clients;
	struct log_writer *log;
	/* with the lock held: a reference to the table of now */
	pthread_mutex_t mime_lock;
	struct mime_table *mime;
	void (*write_metrics)(void *arg, struct buf *out);
	void *arg;
	bool measure; /* latencies: somebody may ask */
};

struct worker {
	const struct options *options;
	struct worker_shared *shared;
	struct loop loop;
	struct pace pace;
	struct timer_wheel timers;
	struct cache cache;
	struct respond_env env;
	struct parse_limits limits;
	struct log log;
	struct metrics metrics;
	struct pool *pool;
	struct pool_sink sink;
	struct disk_table jobs; /* under way */
	struct watch sink_watch;
	struct clients *clients;
	struct input in;      /* empty between two connections */
	struct output *out;   /* the same */
	struct ahead ahead;   /* empty between two turns */
	struct ring idle;     /* connections without a request, who waits longest first */
	struct ring ready;    /* connections that have more to do, for the sake of the others */
	struct ring *running; /* whose buffers these are now, by its place; or NULL */
	struct ring dead;     /* closed, to be freed when the loop has told everyone */
	unsigned n_conns, max_conns, n_jobs;
	struct listener listeners[OPTIONS_LISTEN_MAX + 1];
	unsigned n_listeners;
	int reserve_fd;   /* given up to refuse a connection, or to open a file, when there are no
			     others */
	uint64_t said_ms; /* when we last said so */
	struct watch orders;
	int order_fd;
	atomic_bool stop_ordered, reload_ordered;
	bool stopping, measure;
	size_t log_seen;  /* of our lines, when the log was last woken */
	uint64_t stop_ms; /* when stopping: the end, whoever is still there */
};

/*
 * @fds are the listening sockets; the worker takes them. The last is the status listener's when
 * @has_status. @number tells it from the others. NULL with @e filled on failure.
 */
struct worker *worker_new(struct worker_shared *shared, unsigned number, int *fds, unsigned n_fds,
			  bool has_status, unsigned max_conns, struct err *e);
void worker_free(struct worker *w);
/* Serves until worker_stop(). Returns 0, or negative with @e filled. */
int worker_run(struct worker *w, struct err *e);
/* From any thread: no new connections, and an end when those at work are done. */
void worker_stop(struct worker *w);
/* From any thread: forgets what it knows of files and their types. */
void worker_reload(struct worker *w);
/* Takes the reserve descriptor again, if it was given up and there is one. */
void worker_take_reserve(struct worker *w);
/* Closes the connection that has waited longest for a request. False when there is none. */
bool worker_shed(struct worker *w);

#endif
