/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool - threads for what can block on the disk, and the queues to them and back.
 *
 * A job goes into the pool's queue, is run by whichever thread is free, and comes back through the
 * sink of the loop that sent it, whose eventfd wakes that loop.
 */
#ifndef HTTPD_POOL_H
#define HTTPD_POOL_H

#include "tinyrun/err.h"

#include <pthread.h>
#include <stdbool.h>

#define POOL_THREADS_MAX 64

struct pool_sink;

/* Stands at the beginning of whatever is to be done. */
struct pool_job {
	struct pool_job *next;
	struct pool_sink *sink;
	void (*run)(struct pool_job *job); /* in a thread of the pool */
};

/* First in, first out. */
struct pool_list {
	struct pool_job *first, **last;
};

struct pool_sink {
	pthread_mutex_t lock;
	struct pool_list done;
	int event_fd; /* readable when there is something */
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct pool_list waiting;
	unsigned n_waiting, n_busy; /* jobs; guarded by .lock */
	bool stop;
	pthread_t threads[POOL_THREADS_MAX];
	unsigned n_threads;
};

void pool_init(struct pool *p);
int pool_start(struct pool *p, unsigned n_threads, struct err *e);
/* Takes @job until it is in @job->sink. */
void pool_submit(struct pool *p, struct pool_job *job);
/* How many jobs wait for a thread, and how many are at work. */
void pool_load(struct pool *p, unsigned *ret_waiting, unsigned *ret_busy);
/* Ends the threads when the queue is empty. False when one is still at work after @seconds. */
bool pool_stop(struct pool *p, unsigned seconds);

int pool_sink_init(struct pool_sink *s, struct err *e);
void pool_sink_done(struct pool_sink *s);
/* What has come back, in order; NULL when nothing has. Clears the eventfd. */
struct pool_job *pool_sink_take(struct pool_sink *s);

#endif
