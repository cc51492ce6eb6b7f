/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool - threads for what can block on the disk, see the header.
 *
 * One mutex and one condition for the way there, a mutex and an eventfd for each way back. Only
 * what would have waited for the disk comes here, so the cost of a lock is not seen.
 */
#include "httpd/pool.h"

#include <stdint.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "tinyrun/fd.h"

#define STACK (256 << 10)

static void list_init(struct pool_list *l)
{
	l->first = NULL;
	l->last = &l->first;
}

static void list_add(struct pool_list *l, struct pool_job *job)
{
	job->next = NULL;
	*l->last = job;
	l->last = &job->next;
}

static struct pool_job *list_take_first(struct pool_list *l)
{
	struct pool_job *job = l->first;

	l->first = job->next;
	if (!l->first)
		list_init(l);
	return job;
}

static void send_back(struct pool_job *job)
{
	struct pool_sink *s = job->sink;
	uint64_t one = 1;
	bool was_empty;

	pthread_mutex_lock(&s->lock);
	was_empty = !s->done.first;
	list_add(&s->done, job);
	if (was_empty)
		(void)!write(s->event_fd, &one, sizeof(one)); /* it can only be full: it is told */
	pthread_mutex_unlock(&s->lock);
}

static void *run(void *arg)
{
	struct pool *p = arg;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		struct pool_job *job;

		while (!p->waiting.first && !p->stop)
			pthread_cond_wait(&p->filled, &p->lock);
		if (!p->waiting.first)
			break;
		job = list_take_first(&p->waiting);
		p->n_waiting--;
		p->n_busy++;
		pthread_mutex_unlock(&p->lock);
		job->run(job);
		send_back(job);
		pthread_mutex_lock(&p->lock);
		p->n_busy--;
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

void pool_init(struct pool *p)
{
	*p = (struct pool){.n_threads = 0};
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->filled, NULL);
	list_init(&p->waiting);
}

int pool_start(struct pool *p, unsigned n_threads, struct err *e)
{
	pthread_attr_t attr;
	int r = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	while (r == 0 && p->n_threads < n_threads) {
		r = pthread_create(&p->threads[p->n_threads], &attr, run, p);
		p->n_threads += r == 0;
	}
	pthread_attr_destroy(&attr);
	return r != 0 ? err_num(e, r, "start a thread for the disk") : 0;
}

void pool_submit(struct pool *p, struct pool_job *job)
{
	pthread_mutex_lock(&p->lock);
	list_add(&p->waiting, job);
	p->n_waiting++;
	pthread_cond_signal(&p->filled);
	pthread_mutex_unlock(&p->lock);
}

void pool_load(struct pool *p, unsigned *ret_waiting, unsigned *ret_busy)
{
	pthread_mutex_lock(&p->lock);
	*ret_waiting = p->n_waiting;
	*ret_busy = p->n_busy;
	pthread_mutex_unlock(&p->lock);
}

bool pool_stop(struct pool *p, unsigned seconds)
{
	struct timespec deadline;

	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_broadcast(&p->filled);
	pthread_mutex_unlock(&p->lock);
	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += seconds;
	for (; p->n_threads > 0; p->n_threads--)
		if (pthread_timedjoin_np(p->threads[p->n_threads - 1], NULL, &deadline) != 0)
			return false;
	return true;
}

int pool_sink_init(struct pool_sink *s, struct err *e)
{
	pthread_mutex_init(&s->lock, NULL);
	list_init(&s->done);
	s->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return s->event_fd < 0 ? err_sys(e, "make a descriptor") : 0;
}

void pool_sink_done(struct pool_sink *s)
{
	fd_close(&s->event_fd);
	pthread_mutex_destroy(&s->lock);
}

struct pool_job *pool_sink_take(struct pool_sink *s)
{
	struct pool_job *jobs;
	uint64_t count;

	(void)!read(s->event_fd, &count, sizeof(count)); /* EAGAIN: somebody looked too early */
	pthread_mutex_lock(&s->lock);
	jobs = s->done.first;
	list_init(&s->done);
	pthread_mutex_unlock(&s->lock);
	return jobs;
}
