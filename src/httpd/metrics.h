/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics - what a worker counts, and all of it as Prometheus text.
 *
 * Each counter is written by one worker and read by whichever serves the status page: relaxed
 * atomics, which cost a worker no more than an addition.
 */
#ifndef HTTPD_METRICS_H
#define HTTPD_METRICS_H

#include "tinyrun/buf.h"

#include <stdatomic.h>
#include <stdint.h>

#define METRICS_STATUSES 512 /* from 100 */
#define METRICS_BUCKETS  14  /* of the latency, the last is for all the rest */

typedef atomic_uint_fast64_t metrics_counter;

struct metrics {
	metrics_counter accepted, refused, shed, connections;
	metrics_counter requests[METRICS_STATUSES];
	metrics_counter bytes; /* of bodies */
	metrics_counter timeouts;
	metrics_counter disk_jobs;
	metrics_counter cache_files, cache_bytes, cache_hits, cache_misses;
	metrics_counter latency[METRICS_BUCKETS], latency_us;
};

/* What is not any worker's. */
struct metrics_server {
	unsigned disk_waiting, disk_busy;
	uint64_t log_dropped, log_waiting;
	uint64_t started_sec, now_sec;
};

static inline void metrics_add(metrics_counter *c, uint64_t n)
{
	atomic_store_explicit(c, atomic_load_explicit(c, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

static inline void metrics_set(metrics_counter *c, uint64_t n)
{
	atomic_store_explicit(c, n, memory_order_relaxed);
}

void metrics_request(struct metrics *m, int status, uint64_t bytes);
void metrics_latency(struct metrics *m, uint64_t us);
/* Adds what @from has counted. */
void metrics_sum(struct metrics *to, const struct metrics *from);
void metrics_write(const struct metrics *m, const struct metrics_server *s, struct buf *out);

#endif
