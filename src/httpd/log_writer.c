/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_writer - the thread that writes the access log.
 *
 * It sleeps until a worker has put a line, lets more gather until it is time or a queue is half
 * full, and writes what all of them have with one call for each. Meanwhile workers need not wake
 * it: under load that is a system call a hundredth of a second, not one a request.
 */
#include "httpd/log_writer.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tinyrun/fd.h"

#define GATHER_MS 10
#define TELL_MS   1000 /* between two lines about lost lines */
#define STOP_MS   1000 /* for a reader that does not read, at the end */

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

int log_writer_init(struct log_writer *w, unsigned n_queues, const char *path, struct err *e)
{
	w->fd = STDOUT_FILENO;
	w->waits_for = LOG_AWAKE;
	w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->wake_fd < 0)
		return err_sys(e, "make a descriptor");
	for (; w->n_queues < n_queues; w->n_queues++)
		if (!log_queue_init(&w->queues[w->n_queues], LOG_QUEUE_SIZE))
			return err_num(e, ENOMEM, "make a queue for the log");
	w->file.dir_fd = -1;
	if (!path)
		return 0;
	if (file_log_init(&w->file, path, e) < 0)
		return -e->errnum;
	w->fd = file_log_open(&w->file);
	return w->fd < 0 ? err_sys(e, "open the log %s", path) : 0;
}

/* Waits until @w->fd takes bytes: for ever, but at the end not for long. */
static bool wait_writable(struct log_writer *w, uint64_t *deadline)
{
	struct pollfd p = {.fd = w->fd, .events = POLLOUT};

	for (;;) {
		int n = poll(&p, 1, 100);

		if (n > 0)
			return (p.revents & (POLLERR | POLLNVAL)) == 0;
		if (w->stop && *deadline == 0)
			*deadline = now_ms() + STOP_MS;
		if (*deadline > 0 && now_ms() >= *deadline)
			return false;
	}
}

static uint64_t count_lines(const struct iovec *v, size_t n)
{
	uint64_t lines = 0;

	for (size_t i = 0; i < n; i++) {
		const char *s = v[i].iov_base, *end = s + v[i].iov_len;

		while (s < end && (s = memchr(s, '\n', (size_t)(end - s))) != NULL) {
			lines++;
			s++;
		}
	}
	return lines;
}

/*
 * What is in a queue now: lines that come meanwhile gather for the next time. What cannot be
 * written is lost, or a full disk would fill the memory as well.
 */
static void write_queue(struct log_writer *w, struct log_queue *q, uint64_t *deadline)
{
	size_t left = log_queue_waiting(q);

	while (left > 0) {
		struct iovec v[2];
		size_t len = log_queue_peek(q, v);
		ssize_t n;

		/* a pipe that is writable takes this much, and nothing blocks for more */
		if (v[0].iov_len > PIPE_BUF && w->file.dir_fd < 0)
			v[0].iov_len = PIPE_BUF;
		if (v[0].iov_len > left)
			v[0].iov_len = left;
		if (!wait_writable(w, deadline)) {
			atomic_fetch_add(&w->failed, count_lines(v, 2));
			log_queue_take(q, len);
			return;
		}
		n = write(w->fd, v[0].iov_base, v[0].iov_len);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0) {
			atomic_fetch_add(&w->failed, count_lines(v, 1));
			n = (ssize_t)v[0].iov_len;
		}
		log_queue_take(q, (size_t)n);
		left -= (size_t)n;
	}
}

uint64_t log_writer_dropped(const struct log_writer *w)
{
	uint64_t n = atomic_load(&w->failed);

	for (unsigned i = 0; i < w->n_queues; i++)
		n += atomic_load_explicit(&w->queues[i].dropped, memory_order_relaxed);
	return n;
}

uint64_t log_writer_waiting(const struct log_writer *w)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < w->n_queues; i++)
		n += log_queue_waiting(&w->queues[i]);
	return n;
}

static void tell_dropped(struct log_writer *w)
{
	uint64_t dropped = log_writer_dropped(w);

	if (dropped == w->told || (!w->stop && now_ms() - w->told_ms < TELL_MS))
		return;
	dprintf(STDERR_FILENO, "tinyhttpd: %llu lines of the access log were lost\n",
		(unsigned long long)(dropped - w->told));
	w->told = dropped;
	w->told_ms = now_ms();
}

static void reopen(struct log_writer *w)
{
	int fd;

	if (!atomic_exchange(&w->reopen, false) || w->file.dir_fd < 0)
		return;
	fd = file_log_open(&w->file);
	if (fd < 0) {
		dprintf(STDERR_FILENO, "tinyhttpd: reopen the log %s: %s: going on with the old\n",
			w->file.name, strerror(errno));
		return;
	}
	fd_close(&w->fd);
	w->fd = fd;
}

static size_t fullest(const struct log_writer *w)
{
	size_t most = 0;

	for (unsigned i = 0; i < w->n_queues; i++) {
		size_t n = log_queue_waiting(&w->queues[i]);

		most = n > most ? n : most;
	}
	return most;
}

/* Until all queues have no more than @most, or at the longest @timeout_ms. */
static void rest(struct log_writer *w, size_t most, int timeout_ms)
{
	struct pollfd p = {.fd = w->wake_fd, .events = POLLIN};
	uint64_t count;

	/* exchanged by all: whoever comes later sees what the others did before */
	(void)atomic_exchange(&w->waits_for, most + 1);
	if (fullest(w) <= most && !w->stop && !w->reopen)
		(void)poll(&p, 1, timeout_ms);
	(void)atomic_exchange(&w->waits_for, LOG_AWAKE);
	(void)!read(w->wake_fd, &count, sizeof(count)); /* nothing there: it was not needed */
}

static void wait_for_lines(struct log_writer *w)
{
	rest(w, 0, w->told != log_writer_dropped(w) ? TELL_MS : -1);
	rest(w, LOG_QUEUE_SIZE / 2, GATHER_MS);
}

static void *run(void *arg)
{
	struct log_writer *w = arg;
	uint64_t deadline = 0;
	bool last = false;

	while (!last) {
		wait_for_lines(w);
		last = w->stop;
		reopen(w);
		for (unsigned i = 0; i < w->n_queues; i++)
			write_queue(w, &w->queues[i], &deadline);
		tell_dropped(w);
	}
	return NULL;
}

int log_writer_start(struct log_writer *w, struct err *e)
{
	int r = pthread_create(&w->thread, NULL, run, w);

	w->started = r == 0;
	return r != 0 ? err_num(e, r, "start a thread for the log") : 0;
}

static void kick(struct log_writer *w)
{
	uint64_t one = 1;

	(void)!write(w->wake_fd, &one, sizeof(one)); /* it can only be full: then it is awake */
}

void log_writer_wake(struct log_writer *w, const struct log_queue *q)
{
	/* nothing is added, but it is exchanged all the same */
	size_t wanted = atomic_fetch_add(&w->waits_for, 0);

	if (log_queue_waiting(q) >= wanted &&
	    atomic_exchange(&w->waits_for, LOG_AWAKE) != LOG_AWAKE)
		kick(w);
}

void log_writer_reopen(struct log_writer *w)
{
	w->reopen = true;
	kick(w);
}

void log_writer_done(struct log_writer *w)
{
	w->stop = true;
	if (w->started) {
		kick(w);
		pthread_join(w->thread, NULL);
	}
	w->started = false;
	if (w->file.dir_fd >= 0)
		fd_close(&w->fd);
	fd_close(&w->file.dir_fd);
	fd_close(&w->wake_fd);
	for (unsigned i = 0; i < w->n_queues; i++)
		log_queue_done(&w->queues[i]);
	w->n_queues = 0;
}
