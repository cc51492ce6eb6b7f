/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats - the numbers of all tiers, for tinymalloc_stats(), mallinfo2() and the table at exit.
 *
 * Nothing is counted on the fast path: what the program holds is what central handed out less what
 * the caches hold. Each tier is asked under its own lock, one after the other.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "malloc/central.h"
#include "malloc/first.h"
#include "malloc/large.h"
#include "malloc/options.h"
#include "malloc/os.h"
#include "malloc/page_heap.h"
#include "malloc/registry.h"
#include "malloc/span.h"
#include "malloc/thread_cache.h"
#include "malloc/transfer_cache.h"
#include <tinymalloc.h>

#define EXPORT __attribute__((visibility("default")))

_Static_assert(TINYMALLOC_CLASSES == CLASSES - 1, "the public header counts the classes");

static size_t less(size_t a, size_t b)
{
	return a > b ? a - b : 0;
}

static void class_stats(unsigned c, struct tinymalloc_class *ret)
{
	struct central *k = &centrals[c];

	lock_take(&k->lock);
	ret->spans = k->n_spans;
	ret->central = k->n_free;
	ret->objects = k->n_objects - k->n_free;
	lock_drop(&k->lock);
	ret->size = size_classes[c].size;
	ret->thread = thread_cache_objects(c);
	ret->transfer = transfer_cache_objects(c);
}

EXPORT void tinymalloc_stats(struct tinymalloc_stats *stats)
{
	struct page_heap_stats heap;
	struct large_stats large;
	unsigned caches;

	(void)registry_enter(); /* fork has to know of the locks that are taken here */
	memset(stats, 0, sizeof(*stats));
	for (unsigned c = 1; c < CLASSES; c++) {
		struct tinymalloc_class *k = &stats->classes[c - 1];

		class_stats(c, k);
		stats->in_use += less(k->objects, k->thread + k->transfer) * k->size;
		stats->thread_bytes += k->thread * k->size;
		stats->transfer_bytes += k->transfer * k->size;
		stats->central_bytes += k->central * k->size;
	}
	stats->first = first_in_use();
	stats->in_use += stats->first;
	page_heap_stats(&heap);
	stats->heap_mapped = heap.mapped;
	stats->heap_used = heap.used;
	stats->heap_peak = heap.peak;
	stats->heap_dirty = heap.dirty;
	stats->heap_released = heap.released;
	large_stats(&large);
	stats->large_blocks = large.blocks;
	stats->large_bytes = large.bytes;
	stats->large_cached = large.cached;
	stats->in_use += large.bytes;
	stats->metadata = span_arena_bytes();
	thread_cache_count(&caches, &stats->parked);
	stats->threads = caches - stats->parked;
}

/* One write per line, without stdio's own buffers: this runs in malloc_stats() and at exit. */
__attribute__((format(printf, 2, 3))) static void print(int fd, const char *fmt, ...)
{
	char line[160];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n > 0)
		(void)!os_write(fd, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

EXPORT void tinymalloc_stats_print(int fd)
{
	struct tinymalloc_stats s;

	tinymalloc_stats(&s);
	print(fd,
	      "tinymalloc: in use %zu, %zu of the first piece, thread caches %zu (%u threads, %u "
	      "parked), "
	      "transfer caches %zu, central %zu\n",
	      s.in_use, s.first, s.thread_bytes, s.threads, s.parked, s.transfer_bytes,
	      s.central_bytes);
	print(fd, "tinymalloc: page heap mapped %zu, used %zu, peak %zu, dirty %zu, released %zu\n",
	      s.heap_mapped, s.heap_used, s.heap_peak, s.heap_dirty, s.heap_released);
	print(fd, "tinymalloc: large %zu in %zu blocks, %zu cached; records %zu\n", s.large_bytes,
	      s.large_blocks, s.large_cached, s.metadata);
	print(fd, "%10s %10s %10s %10s %10s %8s\n", "size", "objects", "thread", "transfer",
	      "central", "spans");
	for (unsigned i = 0; i < TINYMALLOC_CLASSES; i++) {
		const struct tinymalloc_class *k = &s.classes[i];

		if (k->spans)
			print(fd, "%10zu %10zu %10zu %10zu %10zu %8zu\n", k->size, k->objects,
			      k->thread, k->transfer, k->central, k->spans);
	}
}

static void stats_at_exit(void)
{
	/* A program may have closed all descriptors and have opened other files since. */
	if (os_file(options.stats_fd) == options.stats_file)
		tinymalloc_stats_print(options.stats_fd);
	else if (os_file(STDERR_FILENO) == options.stats_file)
		tinymalloc_stats_print(STDERR_FILENO);
}

void stats_want(void)
{
	/* Programs close standard error in their last moments, before the table is written. */
	options.stats_fd = os_dup(STDERR_FILENO, 64);
	if (options.stats_fd < 0) /* so few are allowed */
		options.stats_fd = os_dup(STDERR_FILENO, 0);
	options.stats_file = os_file(options.stats_fd);
	options.stats = true;
}

void stats_ask(void)
{
	/* glibc calls calloc(), and free() at exit, with the lock held that atexit() takes. */
	if (likely(!options.stats) || registry_thread.for_exit)
		return;
	if (__atomic_exchange_n(&options.stats, false, __ATOMIC_RELAXED))
		(void)atexit(stats_at_exit); /* no memory, no table */
}
