/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker - one thread: a loop, its listening sockets, its connections, its cache.
 *
 * A turn: wait, read the clocks, tell those for whom something happened, go on with those who let
 * others pass, accept, end those whose time is up, free the dead, wake the log; rest (pace.c).
 */
#include "httpd/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "httpd/conn.h"
#include "httpd/io.h"
#include "tinyrun/fd.h"

#define OUTPUT_SIZE (2 * RESPOND_MAX)
#define RETRY_MS    100 /* until we ask again for what was out */

static void read_clocks(struct worker *w)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	w->env.time.now_ms = (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
	clock_gettime(CLOCK_REALTIME_COARSE, &ts);
	if (ts.tv_sec == w->env.time.now_sec)
		return;
	w->env.time.now_sec = ts.tv_sec;
	respond_start(&w->env);
}

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void close_listeners(struct worker *w)
{
	for (unsigned i = 0; i < w->n_listeners; i++)
		listener_close(&w->listeners[i]);
	w->n_listeners = 0;
}

static void stop(struct worker *w)
{
	w->stopping = true;
	w->stop_ms = w->env.time.now_ms + w->options->stop_timeout * 1000ull;
	while (worker_shed(w))
		;
	close_listeners(w);
}

static void take_mime(struct worker *w)
{
	mime_put(w->cache.mime);
	pthread_mutex_lock(&w->shared->mime_lock);
	w->cache.mime = mime_ref(w->shared->mime);
	pthread_mutex_unlock(&w->shared->mime_lock);
}

static void on_order(struct watch *watch, unsigned events)
{
	struct worker *w = ring_entry(watch, struct worker, orders);
	uint64_t count;

	if (!(events & LOOP_IN) || read(w->order_fd, &count, sizeof(count)) != sizeof(count))
		return;
	if (atomic_exchange(&w->reload_ordered, false)) {
		cache_clear(&w->cache);
		take_mime(w);
	}
	if (w->stop_ordered && !w->stopping)
		stop(w);
}

/* Some descriptor less, for a file that somebody asks for. False when there is none to give. */
static bool give_descriptor(struct worker *w)
{
	if (worker_shed(w))
		return true;
	if (w->reserve_fd < 0)
		return false;
	fd_close(&w->reserve_fd);
	return true;
}

/* Jobs are back from the pool. */
static void on_sink(struct watch *watch, unsigned events)
{
	struct worker *w = ring_entry(watch, struct worker, sink_watch);
	struct pool_job *job, *next;

	(void)events;
	for (job = pool_sink_take(&w->sink); job; job = next) {
		struct disk_job *d = (struct disk_job *)job;
		struct ring waiting;

		next = job->next;
		w->n_jobs--;
		ring_take(&waiting, &d->waiting);
		if (d->status == 503 && give_descriptor(w))
			disk_drop(d); /* for want of descriptors: it is tried again */
		else
			disk_finish(d, &w->cache, &w->env.time);
		while (!ring_empty(&waiting))
			conn_job_done(waiting.next);
	}
}

static void make_boundary(char out[PARTS_BOUNDARY_LEN + 1])
{
	static const char letters[] = "0123456789abcdefghijklmnopqrstuv";
	unsigned char random[PARTS_BOUNDARY_LEN] = {0};

	(void)!getrandom(random, sizeof(random), 0); /* small enough to be had at once */
	for (unsigned i = 0; i < PARTS_BOUNDARY_LEN; i++)
		out[i] = letters[random[i] % 32];
	out[PARTS_BOUNDARY_LEN] = 0;
}

static int watch(struct worker *w, int fd, struct watch *watch,
		 void (*on_event)(struct watch *, unsigned), struct err *e)
{
	int r;

	watch->on_event = on_event;
	r = loop_add(&w->loop, fd, watch);
	return r < 0 ? err_num(e, -r, "watch a descriptor") : 0;
}

/* The parts that can fail; worker_free() takes away what was made. */
static int start(struct worker *w, struct err *e)
{
	int r = loop_open(&w->loop, e);

	if (r < 0)
		return r;
	w->out = output_new(OUTPUT_SIZE);
	if (!w->out)
		return err_num(e, ENOMEM, "make a buffer");
	worker_take_reserve(w);
	w->order_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->reserve_fd < 0 || w->order_fd < 0)
		return err_sys(e, "make a descriptor");
	r = pool_sink_init(&w->sink, e);
	if (r == 0)
		r = watch(w, w->order_fd, &w->orders, on_order, e);
	if (r == 0)
		r = watch(w, w->sink.event_fd, &w->sink_watch, on_sink, e);
	return r;
}

/* For the file that the connection just now asks for. */
static void make_room(struct cache *c)
{
	(void)give_descriptor(ring_entry(c, struct worker, cache)); /* else there is none */
}

static void init(struct worker *w, struct worker_shared *shared, unsigned number)
{
	const struct options *o = shared->options;

	w->shared = shared;
	w->options = o;
	w->pool = shared->pool;
	w->clients = shared->clients;
	w->measure = shared->measure;
	w->pace.cpu_ns = cpu_ns;
	w->loop.fd = w->reserve_fd = w->order_fd = w->sink.event_fd = -1;
	ring_init(&w->idle);
	ring_init(&w->ready);
	ring_init(&w->dead);
	disk_table_init(&w->jobs);
	w->env.options = o;
	read_clocks(w);
	timer_wheel_init(&w->timers, w->env.time.now_ms, conn_expire);
	cache_init(&w->cache, shared->root);
	w->cache.make_room = make_room;
	w->cache.max_bytes = ((size_t)o->cache_mib << 20) / o->workers;
	take_mime(w);
	w->limits = (struct parse_limits){
		.head = o->max_head,
		.target = o->max_target,
		.fields = o->max_fields,
		.body = o->max_body,
	};
	w->env.root = shared->root;
	w->env.cache = &w->cache;
	w->env.write_metrics = shared->write_metrics;
	w->env.arg = shared->arg;
	make_boundary(w->env.boundary);
	log_init(&w->log, o->log, o->log != LOG_OFF ? &shared->log->queues[number] : NULL);
}

struct worker *worker_new(struct worker_shared *shared, unsigned number, int *fds, unsigned n_fds,
			  bool has_status, unsigned max_conns, struct err *e)
{
	struct worker *w = aligned_alloc(64, (sizeof(*w) + 63) & ~(size_t)63);
	int r;

	if (!w) {
		err_num(e, ENOMEM, "make a worker");
		return NULL;
	}
	memset(w, 0, sizeof(*w));
	w->max_conns = max_conns;
	init(w, shared, number);
	r = start(w, e);
	for (; r == 0 && w->n_listeners < n_fds; w->n_listeners++)
		r = listener_start(&w->listeners[w->n_listeners], w, fd_take(&fds[w->n_listeners]),
				   has_status && w->n_listeners == n_fds - 1, e);
	if (r < 0) {
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
	on_sink(&w->sink_watch, 0);
	cache_done(&w->cache);
	for (unsigned i = 0; i < w->n_listeners; i++)
		fd_close(&w->listeners[i].fd);
	fd_close(&w->reserve_fd);
	fd_close(&w->order_fd);
	pool_sink_done(&w->sink);
	loop_close(&w->loop);
	free(w->out);
	free(w);
}

void worker_take_reserve(struct worker *w)
{
	if (w->reserve_fd < 0)
		w->reserve_fd = fcntl(w->loop.fd, F_DUPFD_CLOEXEC, 0);
}

bool worker_shed(struct worker *w)
{
	struct ring *oldest = w->idle.next;

	if (oldest == w->running)
		oldest = oldest->next;
	if (oldest == &w->idle)
		return false;
	conn_close_at(oldest);
	metrics_add(&w->metrics.shed, 1);
	return true;
}

static void order(struct worker *w)
{
	uint64_t one = 1;

	(void)!write(w->order_fd, &one, sizeof(one)); /* it can only be full: then it is told */
}

void worker_stop(struct worker *w)
{
	w->stop_ordered = true;
	order(w);
}

void worker_reload(struct worker *w)
{
	w->reload_ordered = true;
	order(w);
}

/* How long this turn may wait. */
static int patience(struct worker *w)
{
	int ms = timer_sleep(&w->timers, w->env.time.now_ms);

	if (!ring_empty(&w->ready))
		return 0;
	for (unsigned i = 0; i < w->n_listeners; i++) {
		enum listener_pause pause = w->listeners[i].pause;

		if (pause == LISTENER_FULL && !listener_is_full(&w->listeners[i]))
			return 0;
		if (pause == LISTENER_LATER && (ms < 0 || ms > RETRY_MS))
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
		if (w->listeners[i].pause != LISTENER_OPEN)
			listener_accept(&w->listeners[i], 1);
}

/* What was given up, numbers for others to read, and a word to the log. */
static void end_turn(struct worker *w)
{
	if (w->n_jobs == 0) /* one of them may be what it was given up for */
		worker_take_reserve(w);
	metrics_set(&w->metrics.connections, w->n_conns);
	metrics_set(&w->metrics.cache_files, w->cache.files);
	metrics_set(&w->metrics.cache_bytes, w->cache.bytes);
	metrics_set(&w->metrics.cache_hits, w->cache.hits);
	metrics_set(&w->metrics.cache_misses, w->cache.misses);
	if (w->log.format != LOG_OFF && w->log.queue->put != w->log_seen) {
		w->log_seen = w->log.queue->put;
		log_writer_wake(w->shared->log, w->log.queue);
	}
}

int worker_run(struct worker *w, struct err *e)
{
	while (!w->stopping || (w->n_conns > 0 && w->env.time.now_ms < w->stop_ms)) {
		int r = loop_wait(&w->loop, patience(w));
		unsigned n_ready = (unsigned)w->loop.n_ready;
		uint32_t rest;

		if (r < 0)
			return err_num(e, -r, "wait for connections");
		read_clocks(w);
		loop_dispatch(&w->loop);
		resume_ready(w);
		accept_more(w);
		timer_expire(&w->timers, w->env.time.now_ms);
		end_turn(w);
		conn_bury(&w->dead);
		rest = pace_rest(&w->pace, n_ready, w->env.time.now_ms);
		if (rest > 0 && ring_empty(&w->ready))
			io_rest(rest);
	}
	/* who is still there is cut off: the log has a line for that as well */
	w->timers.on_expire = conn_cut;
	timer_expire(&w->timers, UINT64_MAX);
	return 0;
}
