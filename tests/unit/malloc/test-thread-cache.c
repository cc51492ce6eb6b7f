/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache of a thread: what it may hold is bounded, lists that nobody takes from are emptied, and
 * what one thread allocates and another frees comes round.
 */
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "malloc/api.h"
#include "malloc/first.h"
#include "malloc/registry.h"
#include "malloc/size_class.h"
#include "malloc/thread_cache.h"
#include <tinymalloc.h>

#ifndef __has_feature /* clang's way to ask */
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define PASSED 200000U
#else
#define PASSED 1000000U
#endif

#define BOUND ((size_t)256 << 10)
#define SLOTS 1024U /* objects on their way from one thread to another */
#define SMALL 1024U /* the classes of up to so many bytes */
#define MANY  2000U

/* A list may begin, and have a spare, whatever the others have. */
#define BEGINNINGS (COARSE_CLASSES * (size_t)2 * SMALL)

/* The cache of this thread as a thread begins with it, but with @max bytes of room. */
static struct thread_cache *cache_begin(size_t max)
{
	struct thread_cache *t = thread_cache_self;

	(void)tinymalloc_release(); /* on the shelves, too, are no lists from before */
	memset(t->room, 0, sizeof(t->room));
	memset(t->limit, 0, sizeof(t->limit));
	memset(t->spare, 0, sizeof(t->spare));
	t->bytes = 0;
	t->turns = 0;
	thread_cache_max = max;
	return t;
}

/* Allocate many objects of @size and free them, so often that the list would have all its room. */
static void cache_fill(size_t size)
{
	static void *p[MANY];

	for (int round = 0; round < 12; round++) {
		for (size_t i = 0; i < MANY; i++)
			assert_non_null(p[i] = api_malloc(size));
		for (size_t i = 0; i < MANY; i++)
			api_free(p[i]);
	}
	thread_cache_check();
}

/* Bytes of the objects in @t. */
static size_t cache_holds(const struct thread_cache *t)
{
	size_t bytes = 0;

	for (unsigned c = 1; c < CLASSES; c++)
		bytes += (size_t)(thread_cache_n(t, c) + t->spare[c].n) * size_classes[c].size;
	return bytes;
}

/* The most that @t held while objects of all small sizes came and went. */
static size_t most_held(const struct thread_cache *t)
{
	size_t most = 0;

	for (int round = 0; round < 3; round++) {
		for (size_t size = MIN_ALIGN; size <= SMALL; size += MIN_ALIGN) {
			size_t bytes;

			cache_fill(size);
			bytes = cache_holds(t);
			if (bytes > most)
				most = bytes;
		}
	}
	return most;
}

static void test_what_a_thread_holds_is_bounded(void **state)
{
	struct thread_cache *t = cache_begin(BOUND);
	size_t bounded;

	(void)state;
	bounded = most_held(t);
	assert_true(t->bytes <= BOUND + BEGINNINGS);
	/* a list from the shelf may be longer than the room for it */
	assert_true(bounded <= BOUND + BEGINNINGS + BATCH_BYTES);
	/* and uses what it may */
	assert_true(bounded >= BOUND / 4);
	(void)cache_begin(THREAD_CACHE_MAX);
	assert_true(most_held(t) > 4 * bounded);
}

static void test_lists_that_nobody_takes_from_are_emptied_at_the_bound(void **state)
{
	unsigned idle = size_class_of(512), busy = size_class_of(1024), late = size_class_of(256);
	struct thread_cache *t = cache_begin(BOUND);
	uint32_t before;

	(void)state;
	cache_fill(512);
	assert_true(thread_cache_objects(idle) > 0);
	before = t->limit[idle];
	/* below the bound nothing is taken away */
	cache_fill(32);
	assert_int_equal(t->limit[idle], before);
	assert_true(thread_cache_objects(idle) > 0);
	/* two others want all there is, in turn */
	for (int round = 0; round < 4; round++) {
		cache_fill(1024);
		cache_fill(256);
	}
	assert_int_equal(thread_cache_objects(idle), 0);
	assert_int_equal(t->limit[idle], 0);
	assert_true(t->limit[busy] + t->limit[late] > 0);
	assert_true(t->bytes <= BOUND);
}

/* What is on its way: one thread puts objects in, another takes them out. */
static void *_Atomic slots[SLOTS];

static void *consume(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < PASSED; i++) {
		void *p;

		while (!(p = __atomic_exchange_n((void **)&slots[i % SLOTS], NULL,
						 __ATOMIC_ACQUIRE)))
			sched_yield();
		api_free(p);
	}
	return NULL;
}

static void test_objects_that_another_thread_frees_come_round(void **state)
{
	static const size_t sizes[] = {48, 64, 200, 512};
	struct tinymalloc_stats before, after;
	pthread_t t;

	(void)state;
	(void)cache_begin(THREAD_CACHE_MAX);
	tinymalloc_stats(&before);
	assert_int_equal(pthread_create(&t, NULL, consume, NULL), 0);
	for (size_t i = 0; i < PASSED; i++) {
		void *p = api_malloc(sizes[i % 4]);

		assert_non_null(p);
		while (__atomic_load_n((void **)&slots[i % SLOTS], __ATOMIC_RELAXED))
			sched_yield();
		__atomic_store_n((void **)&slots[i % SLOTS], p, __ATOMIC_RELEASE);
	}
	pthread_join(t, NULL);
	tinymalloc_stats(&after);
	assert_int_equal(after.in_use, before.in_use);
	/* of the 40 MiB and more that went through, what is on the way and in the caches */
	assert_true(after.heap_peak <= before.heap_used + (4 << 20));
}

struct gift {
	void *p[64];
	unsigned cacheless; /* how many frees it took before there was a cache */
};

static void *free_gift(void *arg)
{
	struct gift *g = arg;

	for (g->cacheless = 0; g->cacheless < 64; g->cacheless++) {
		api_free(g->p[g->cacheless]);
		if (thread_cache_self != registry_none)
			break;
	}
	for (unsigned i = g->cacheless + 1; i < 64; i++)
		api_free(g->p[i]);
	return NULL;
}

static void test_a_thread_that_frees_little_gets_no_cache(void **state)
{
	struct tinymalloc_stats before, after;
	struct gift g;
	pthread_t t;

	(void)state;
	(void)cache_begin(THREAD_CACHE_MAX);
	tinymalloc_stats(&before);
	for (unsigned i = 0; i < 64; i++)
		assert_non_null(g.p[i] = api_malloc(100));
	assert_int_equal(pthread_create(&t, NULL, free_gift, &g), 0);
	pthread_join(t, NULL);
	assert_in_range(g.cacheless, 8, 32);
	tinymalloc_stats(&after);
	assert_int_equal(after.in_use, before.in_use);
}

static void *fill_and_end(void *arg)
{
	cache_fill(512);
	cache_fill(1024);
	*(size_t *)arg = cache_holds(thread_cache_self);
	return NULL;
}

static void test_a_thread_that_ends_leaves_little_in_its_cache(void **state)
{
	unsigned c = size_class_of(512), d = size_class_of(1024);
	size_t held = 0;
	pthread_t t;

	(void)state;
	(void)cache_begin(THREAD_CACHE_MAX);
	assert_int_equal(pthread_create(&t, NULL, fill_and_end, &held), 0);
	pthread_join(t, NULL);
	assert_true(held > (size_t)64 << 10);
	assert_true(thread_cache_objects(c) <= 32 && thread_cache_objects(d) <= 32);
}

static pthread_key_t late_key;
static const struct thread_cache *late_cache;

/* Called after the thread has left its cache to the next one. */
static void late_work(void *arg)
{
	late_cache = thread_cache_self;
	for (size_t n = 1; n < 3000; n += 100)
		api_free(api_malloc(n));
	api_free(arg);
}

static void *work_late(void *arg)
{
	(void)arg;
	return pthread_setspecific(late_key, api_malloc(100)) == 0 ? thread_cache_self : NULL;
}

static void test_a_thread_that_has_left_uses_no_cache(void **state)
{
	struct tinymalloc_stats before, after;
	pthread_t t;
	void *r;

	(void)state;
	/* of two keys the later one is the last to have its turn */
	assert_int_equal(pthread_key_create(&late_key, late_work), 0);
	tinymalloc_stats(&before);
	assert_int_equal(pthread_create(&t, NULL, work_late, NULL), 0);
	pthread_join(t, &r);
	assert_non_null(r);
	assert_ptr_not_equal(late_cache, r);
	assert_ptr_equal(late_cache, registry_direct);
	tinymalloc_stats(&after);
	assert_int_equal(after.in_use, before.in_use);
	assert_int_equal(after.threads, before.threads);
	assert_int_equal(pthread_key_delete(late_key), 0);
}

/* The options are read at the first allocation, and the first blocks are another test. */
static int setup(void **state)
{
	(void)state;
	first_close();
	api_free(api_malloc(1));
	return thread_cache_self == registry_none || thread_cache_self == registry_direct;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* first, because the peak is that of the whole process */
		cmocka_unit_test(test_objects_that_another_thread_frees_come_round),
		cmocka_unit_test(test_a_thread_that_frees_little_gets_no_cache),
		cmocka_unit_test(test_a_thread_that_ends_leaves_little_in_its_cache),
		cmocka_unit_test(test_a_thread_that_has_left_uses_no_cache),
		cmocka_unit_test(test_what_a_thread_holds_is_bounded),
		cmocka_unit_test(test_lists_that_nobody_takes_from_are_emptied_at_the_bound),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
