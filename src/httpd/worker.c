/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker - one thread: a loop, its listening sockets, its connections, its cache.
 *
 * A turn: wait, read the clocks, tell those for whom something happened, go on with those who let
 * others pass, accept, end those whose time is up, write the log, free the dead.
 */
#include "httpd/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "httpd/conn.h"
#include "tinyrun/fd.h"

#define OUTPUT_SIZE (2 * RESPOND_MAX)
#define STOP_MS     10000 /* what is being sent at the end has this long */
#define RETRY_MS    100   /* until we ask again for what was out */

static void read_clocks(struct worker *w)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	w->env.now_ms = (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
	clock_gettime(CLOCK_REALTIME_COARSE, &ts);
	if (ts.tv_sec == w->env.now_sec)
		return;
	w->env.now_sec = ts.tv_sec;
	date_format(ts.tv_sec, w->env.date);
}

static void close_listeners(struct worker *w)
{
	for (unsigned i = 0; i < w->n_listeners; i++) {
		listener_accept(&w->listeners[i]); /* who is in the queue was promised an answer */
		fd_close(&w->listeners[i].fd);
	}
	w->n_listeners = 0;
}

static void on_stop(struct watch *watch, unsigned events)
{
	struct worker *w = ring_entry(watch, struct worker, stop);
	uint64_t count;

	if (!(events & LOOP_IN) || read(w->stop_fd, &count, sizeof(count)) != sizeof(count))
		return;
	w->stopping = true;
	w->stop_ms = w->env.now_ms + STOP_MS;
	while (worker_shed(w))
		;
	close_listeners(w);
}

/* The parts that can fail; worker_free() takes away what was made. */
static int start(struct worker *w, int *fds, unsigned n_fds, struct err *e)
{
	int r = loop_open(&w->loop, e);

	if (r < 0)
		return r;
	w->out = output_new(OUTPUT_SIZE);
	if (!w->out)
		return err_num(e, ENOMEM, "make a buffer");
	w->reserve_fd = fcntl(w->loop.fd, F_DUPFD_CLOEXEC, 0);
	w->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->reserve_fd < 0 || w->stop_fd < 0)
		return err_sys(e, "make a descriptor");
	w->stop.on_event = on_stop;
	r = loop_add(&w->loop, w->stop_fd, &w->stop);
	if (r < 0)
		return err_num(e, -r, "watch a descriptor");
	for (; r == 0 && w->n_listeners < n_fds; w->n_listeners++)
		r = listener_start(&w->listeners[w->n_listeners], w, fd_take(&fds[w->n_listeners]),
				   e);
	return r;
}

struct worker *worker_new(const struct options *options, const struct file_root *root, int *fds,
			  unsigned n_fds, unsigned max_conns, struct err *e)
{
	struct worker *w = calloc(1, sizeof(*w));

	if (!w) {
		err_num(e, ENOMEM, "make a worker");
		return NULL;
	}
	w->options = options;
	w->max_conns = max_conns;
	w->loop.fd = w->reserve_fd = w->stop_fd = -1;
	ring_init(&w->idle);
	ring_init(&w->ready);
	ring_init(&w->dead);
	read_clocks(w);
	timer_wheel_init(&w->timers, w->env.now_ms, conn_expire);
	cache_init(&w->cache, root);
	w->env.cache = &w->cache;
	log_init(&w->log, options->log, STDOUT_FILENO);
	if (start(w, fds, n_fds, e) < 0) {
		worker_free(w);
		return NULL;
	}
	return w;
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	while (worker_shed(w))
		;
	conn_bury(&w->dead);
	cache_done(&w->cache);
	for (unsigned i = 0; i < w->n_listeners; i++)
		fd_close(&w->listeners[i].fd);
	fd_close(&w->reserve_fd);
	fd_close(&w->stop_fd);
	loop_close(&w->loop);
	free(w->out);
	free(w);
}

bool worker_shed(struct worker *w)
{
	if (ring_empty(&w->idle))
		return false;
	conn_close_at(w->idle.next);
	return true;
}

void worker_stop(struct worker *w)
{
	uint64_t one = 1;

	(void)!write(w->stop_fd, &one, sizeof(one)); /* it can only be full: then it is told */
}

/* How long this turn may wait. */
static int patience(struct worker *w)
{
	int ms = timer_sleep(&w->timers, w->env.now_ms);

	if (!ring_empty(&w->ready))
		return 0;
	for (unsigned i = 0; i < w->n_listeners; i++) {
		enum listener_more more = w->listeners[i].more;

		if (more == LISTENER_NOW || (more == LISTENER_FULL && w->n_conns < w->max_conns))
			return 0;
		if (more == LISTENER_LATER && (ms < 0 || ms > RETRY_MS))
			ms = RETRY_MS;
	}
	if (w->stopping && (ms < 0 || ms > RETRY_MS))
		ms = RETRY_MS;
	return ms;
}

static void resume_ready(struct worker *w)
{
	struct ring ready;

	ring_take(&ready, &w->ready);
	while (!ring_empty(&ready))
		conn_resume(ready.next);
}

static void accept_more(struct worker *w)
{
	for (unsigned i = 0; i < w->n_listeners; i++)
		if (w->listeners[i].more != LISTENER_EMPTY)
			listener_accept(&w->listeners[i]);
}

int worker_run(struct worker *w, struct err *e)
{
	while (!w->stopping || (w->n_conns > 0 && w->env.now_ms < w->stop_ms)) {
		int r = loop_wait(&w->loop, patience(w));

		if (r < 0)
			return err_num(e, -r, "wait for connections");
		read_clocks(w);
		loop_dispatch(&w->loop);
		resume_ready(w);
		accept_more(w);
		timer_expire(&w->timers, w->env.now_ms);
		log_flush(&w->log);
		conn_bury(&w->dead);
	}
	return 0;
}
