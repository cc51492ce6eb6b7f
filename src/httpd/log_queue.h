/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_queue - bytes from one thread to another without a lock: a ring with one writer of each end.
 *
 * A worker puts whole lines; the log's thread takes bytes. Whoever puts never waits: a line for
 * which there is no room is counted and forgotten.
 */
#ifndef HTTPD_LOG_QUEUE_H
#define HTTPD_LOG_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct log_queue {
	char *data;
	size_t size; /* a power of two */
	/* counts of bytes since the beginning, each on a cache line of its own */
	_Alignas(64) atomic_size_t put;
	size_t taken_seen; /* what the putting side knows of .taken */
	_Alignas(64) atomic_size_t taken;
	_Alignas(64) atomic_uint_fast64_t dropped; /* lines, ever */
};

/* False when memory is out. @size is a power of two. */
bool log_queue_init(struct log_queue *q, size_t size);
void log_queue_done(struct log_queue *q);
/* For the one that puts. False when there was no room: .dropped has counted it. */
bool log_queue_put(struct log_queue *q, const char *line, size_t len);
/* For the one that takes: what is there, as one or two pieces. Returns how many bytes. */
size_t log_queue_peek(struct log_queue *q, struct iovec ret[2]);
void log_queue_take(struct log_queue *q, size_t len);
/* For anybody: how many bytes are there. */
size_t log_queue_waiting(const struct log_queue *q);

#endif
