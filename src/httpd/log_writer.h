/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_writer - the thread that writes the access log, the only one that may wait for whoever
 * reads it or for the disk.
 */
#ifndef HTTPD_LOG_WRITER_H
#define HTTPD_LOG_WRITER_H

#include "httpd/file.h"
#include "httpd/log_queue.h"
#include "tinyrun/err.h"

#include <pthread.h>

#define LOG_QUEUES_MAX 64
#define LOG_QUEUE_SIZE (256 << 10) /* for each worker: some 2000 lines */
#define LOG_AWAKE      SIZE_MAX    /* no queue has so much */

struct log_writer {
	struct log_queue queues[LOG_QUEUES_MAX];
	unsigned n_queues;
	struct file_log file; /* .dir_fd is -1 for standard output */
	int fd, wake_fd;
	pthread_t thread;
	bool started;
	atomic_size_t waits_for; /* bytes in a queue: then the thread is to be woken */
	atomic_bool reopen;      /* the file has been moved away */
	atomic_bool stop;
	uint64_t told; /* of the dropped lines */
	uint64_t told_ms;
	atomic_uint_fast64_t failed; /* lines that could not be written */
};

/* @path is NULL for standard output. */
int log_writer_init(struct log_writer *w, unsigned n_queues, const char *path, struct err *e);
int log_writer_start(struct log_writer *w, struct err *e);
/* After lines were put into @q. */
void log_writer_wake(struct log_writer *w, const struct log_queue *q);
void log_writer_reopen(struct log_writer *w);
/* Lines that were lost so far. */
uint64_t log_writer_dropped(const struct log_writer *w);
/* Bytes that are not written yet. */
uint64_t log_writer_waiting(const struct log_writer *w);
/* Writes what is there, as far as it is taken without waiting for long. */
void log_writer_done(struct log_writer *w);

#endif
