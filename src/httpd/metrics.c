/* SPDX-License-Identifier: Apache-2.0 */
/* metrics - what a worker counts, and all of it as Prometheus text. */
#include "httpd/metrics.h"

#include <stddef.h>

#include "tinymalloc.h"

/* There only when the allocator is linked. */
#pragma weak tinymalloc_stats

struct row {
	const char *name, *type, *help;
	uint64_t value;
};

/* Upper ends in microseconds; the last bucket has none. */
static const uint32_t bounds[METRICS_BUCKETS - 1] = {
	50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 100000, 500000, 2500000, 10000000,
};

static uint64_t value_of(const metrics_counter *c)
{
	return atomic_load_explicit(c, memory_order_relaxed);
}

void metrics_request(struct metrics *m, int status, uint64_t bytes)
{
	if (status >= 100 && status < 100 + METRICS_STATUSES)
		metrics_add(&m->requests[status - 100], 1);
	metrics_add(&m->bytes, bytes);
}

void metrics_latency(struct metrics *m, uint64_t us)
{
	unsigned i = 0;

	while (i < METRICS_BUCKETS - 1 && us > bounds[i])
		i++;
	metrics_add(&m->latency[i], 1);
	metrics_add(&m->latency_us, us);
}

/* A struct metrics is counters throughout. */
void metrics_sum(struct metrics *to, const struct metrics *from)
{
	metrics_counter *t = (metrics_counter *)to;
	const metrics_counter *f = (const metrics_counter *)from;

	for (size_t i = 0; i < sizeof(*to) / sizeof(*t); i++)
		metrics_add(&t[i], value_of(&f[i]));
}

static void write_one(struct buf *out, const char *name, const char *type, const char *help,
		      uint64_t value)
{
	buf_addf(out, "# HELP tinyhttpd_%s %s\n# TYPE tinyhttpd_%s %s\ntinyhttpd_%s %llu\n", name,
		 help, name, type, name, (unsigned long long)value);
}

static void write_requests(struct buf *out, const struct metrics *m)
{
	buf_add_str(out, "# HELP tinyhttpd_requests_total Answers by status.\n"
			 "# TYPE tinyhttpd_requests_total counter\n");
	for (unsigned i = 0; i < METRICS_STATUSES; i++) {
		uint64_t n = value_of(&m->requests[i]);

		if (n > 0)
			buf_addf(out, "tinyhttpd_requests_total{code=\"%u\"} %llu\n", i + 100,
				 (unsigned long long)n);
	}
}

static void write_latency(struct buf *out, const struct metrics *m)
{
	static const char name[] = "tinyhttpd_request_seconds";
	uint64_t sum = 0, us = value_of(&m->latency_us);

	buf_addf(out, "# HELP %s From a whole head to an answer given to the kernel.\n", name);
	buf_addf(out, "# TYPE %s histogram\n", name);
	for (unsigned i = 0; i < METRICS_BUCKETS; i++) {
		sum += value_of(&m->latency[i]);
		if (i < METRICS_BUCKETS - 1)
			buf_addf(out, "%s_bucket{le=\"%g\"} %llu\n", name, bounds[i] / 1e6,
				 (unsigned long long)sum);
	}
	buf_addf(out, "%s_bucket{le=\"+Inf\"} %llu\n", name, (unsigned long long)sum);
	buf_addf(out, "%s_sum %llu.%06llu\n", name, (unsigned long long)(us / 1000000),
		 (unsigned long long)(us % 1000000));
	buf_addf(out, "%s_count %llu\n", name, (unsigned long long)sum);
}

static void write_rows(struct buf *out, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		write_one(out, rows[i].name, rows[i].type, rows[i].help, rows[i].value);
}

/* Of libtinymalloc, where it is linked. */
static void write_allocator(struct buf *out)
{
	struct tinymalloc_stats s;

	if (!tinymalloc_stats)
		return;
	tinymalloc_stats(&s);
	const struct row rows[] = {
		{"heap_used_bytes", "gauge", "Held by the program.", s.in_use},
		{"heap_mapped_bytes", "gauge", "Of the allocator's regions.", s.heap_mapped},
		{"heap_peak_bytes", "gauge", "The most that was in spans.", s.heap_peak},
		{"heap_dirty_bytes", "gauge", "Free, not given back to the kernel.", s.heap_dirty},
		{"heap_released_bytes_total", "counter", "Given back to the kernel.",
		 s.heap_released},
		{"heap_large_bytes", "gauge", "Of blocks that are mappings.", s.large_bytes},
		{"heap_cached_bytes", "gauge", "Free, in threads' caches, shelves and spans.",
		 s.thread_bytes + s.transfer_bytes + s.central_bytes},
		{"heap_metadata_bytes", "gauge", "Of records.", s.metadata},
	};

	write_rows(out, rows, sizeof(rows) / sizeof(*rows));
}

void metrics_write(const struct metrics *m, const struct metrics_server *s, struct buf *out)
{
	const struct row rows[] = {
		{"uptime_seconds", "gauge", "Since the start.", s->now_sec - s->started_sec},
		{"connections", "gauge", "Open now.", value_of(&m->connections)},
		{"connections_total", "counter", "Accepted.", value_of(&m->accepted)},
		{"connections_refused_total", "counter",
		 "Refused: no descriptors, or too many from one address.", value_of(&m->refused)},
		{"connections_shed_total", "counter", "Idle ones that were closed for others.",
		 value_of(&m->shed)},
		{"timeouts_total", "counter", "Connections whose time ran out.",
		 value_of(&m->timeouts)},
		{"body_bytes_total", "counter", "Of answers' bodies.", value_of(&m->bytes)},
		{"cache_files", "gauge", "Paths that are known.", value_of(&m->cache_files)},
		{"cache_bytes", "gauge", "Of bodies in memory.", value_of(&m->cache_bytes)},
		{"cache_hits_total", "counter", "Look-ups in memory.", value_of(&m->cache_hits)},
		{"cache_misses_total", "counter", "Look-ups in the file system.",
		 value_of(&m->cache_misses)},
		{"disk_jobs_total", "counter", "Given to the disk threads.",
		 value_of(&m->disk_jobs)},
		{"disk_queue", "gauge", "Jobs that wait for a thread.", s->disk_waiting},
		{"disk_busy", "gauge", "Jobs at work.", s->disk_busy},
		{"log_queue_bytes", "gauge", "Of lines of the log that wait to be written.",
		 s->log_waiting},
		{"log_dropped_total", "counter", "Lines of the log that were lost.",
		 s->log_dropped},
	};

	write_rows(out, rows, sizeof(rows) / sizeof(*rows));
	write_allocator(out);
	write_requests(out, m);
	write_latency(out, m);
}
