/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model of the heap, played at random by 1, 2, 4 and 16 threads: live blocks keep their contents,
 * which no overlap survives; they are aligned; blocks wander between threads; and at the end
 * nothing is in use. Also fork in the middle of it, and memory that runs out.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "malloc/api.h"
#include "malloc/central.h"
#include "malloc/first.h"
#include "malloc/large.h"
#include "malloc/page_heap.h"
#include "malloc/registry.h"
#include "malloc/span.h"
#include "malloc/thread_cache.h"
#include "malloc/transfer_cache.h"
#include <tinymalloc.h>

#define SLOTS  512
#define SHARED 256
#define FORKS  2000

#ifndef __has_feature /* clang's way to ask */
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__) || \
	__has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#define STEPS     10000
#else
#define SANITIZED 0
#define STEPS     60000
#endif

struct block {
	size_t n;
	unsigned char tag;
};

/* Each block begins with its own description, and the rest is filled with its tag. */
static struct block *_Atomic shared[SHARED];

static uint64_t next_random(uint64_t *r)
{
	*r ^= *r << 13;
	*r ^= *r >> 7;
	*r ^= *r << 17;
	return *r;
}

static size_t random_size(uint64_t *r)
{
	uint64_t kind = next_random(r) % 100;
	size_t max = kind < 70 ? 512 : kind < 95 ? 16 << 10 : kind < 99 ? 300 << 10 : 2 << 20;

	return sizeof(struct block) + next_random(r) % max;
}

static void block_fill(struct block *b, size_t n, unsigned char tag)
{
	b->n = n;
	b->tag = tag;
	if (n > sizeof(*b)) {
		size_t body = n - sizeof(*b);

		/* of a long block the ends */
		memset(b + 1, tag, body < 256 ? body : 256);
		((unsigned char *)b)[n - 1] = tag;
	}
}

static void block_check(const struct block *b)
{
	const unsigned char *body = (const unsigned char *)(b + 1);
	size_t n = b->n - sizeof(*b);

	for (size_t i = 0; i < n && i < 256; i++)
		if (body[i] != b->tag)
			abort();
	if (n > 0 && body[n - 1] != b->tag)
		abort();
}

static struct block *block_new(uint64_t *r)
{
	size_t n = random_size(r);
	uint64_t how = next_random(r) % 8;
	size_t align = (size_t)16 << next_random(r) % 9;
	struct block *b;

	if (how == 0)
		b = api_aligned_alloc(align, n);
	else if (how == 1)
		b = api_calloc(1, n);
	else
		b = api_malloc(n);
	if (!b)
		return NULL;
	if ((uintptr_t)b % (how == 0 ? align : 16) != 0 || api_usable_size(b) < n)
		abort();
	if (how == 1)
		for (size_t i = 0; i < n && i < 512; i++)
			if (((unsigned char *)b)[i] != 0)
				abort();
	block_fill(b, n, (unsigned char)next_random(r));
	return b;
}

static void block_free(struct block *b)
{
	if (!b)
		return;
	block_check(b);
	api_free(b);
}

static struct block *block_resize(struct block *b, uint64_t *r)
{
	size_t n = random_size(r);
	size_t old = b->n;
	struct block *moved;

	block_check(b);
	moved = api_realloc(b, n);
	if (!moved)
		return b;
	if (n < old)
		moved->n = n;
	if (moved->n > sizeof(*moved) && moved->n - sizeof(*moved) <= 256)
		block_check(moved);
	block_fill(moved, n, (unsigned char)next_random(r));
	return moved;
}

static void *play(void *arg)
{
	uint64_t r = (uintptr_t)arg * 7919 + 88172645463325252U;
	struct block *slot[SLOTS] = {0};

	for (int i = 0; i < STEPS; i++) {
		struct block **b = &slot[next_random(&r) % SLOTS];

		switch (next_random(&r) % 8) {
		case 0: /* leave it to another thread, and take what another one left */
			*b = __atomic_exchange_n((struct block **)&shared[next_random(&r) % SHARED],
						 *b, __ATOMIC_ACQ_REL);
			break;
		case 1:
			if (*b)
				*b = block_resize(*b, &r);
			break;
		default:
			block_free(*b);
			*b = block_new(&r);
			break;
		}
	}
	for (int i = 0; i < SLOTS; i++)
		block_free(slot[i]);
	return NULL;
}

static void check_all(void)
{
	for (unsigned c = 1; c < CLASSES; c++) {
		central_check(c);
		transfer_cache_check(c);
	}
	thread_cache_check();
	page_heap_check();
	large_check();
}

static void play_with(unsigned threads)
{
	struct tinymalloc_stats stats;
	pthread_t t[16];

	for (unsigned i = 0; i < threads; i++)
		assert_int_equal(pthread_create(&t[i], NULL, play, (void *)(uintptr_t)(i + 1)), 0);
	for (unsigned i = 0; i < threads; i++)
		pthread_join(t[i], NULL);
	for (int i = 0; i < SHARED; i++) {
		block_free(shared[i]);
		shared[i] = NULL;
	}
	check_all();
	tinymalloc_stats(&stats);
	assert_int_equal(stats.in_use, 0);
}

static void test_model_with_1_thread(void **state)
{
	(void)state;
	play_with(1);
}

static void test_model_with_2_threads(void **state)
{
	(void)state;
	play_with(2);
}

static void test_model_with_4_threads(void **state)
{
	(void)state;
	play_with(4);
}

static void test_model_with_16_threads(void **state)
{
	(void)state;
	play_with(16);
}

static void skip_because(const char *why)
{
	print_message("skipped: %s\n", why);
	skip();
}

static _Atomic int stop;

static void *churn(void *arg)
{
	uint64_t r = (uintptr_t)arg + 17;
	void *p[64] = {0};

	while (!stop) {
		void **q = &p[next_random(&r) % 64];

		api_free(*q);
		*q = api_malloc(next_random(&r) % 40000);
		if (next_random(&r) % 256 == 0)
			sched_yield(); /* the thread that forks has its turn, too */
	}
	for (int i = 0; i < 64; i++)
		api_free(p[i]);
	return NULL;
}

static void fork_one(uint64_t *r)
{
	uint64_t seed = next_random(r);
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		pthread_t t;

		alarm(20);
		for (int i = 0; i < 50; i++)
			api_free(api_malloc(next_random(&seed) % 300000));
		if (*r % 16 == 0) {
			(void)tinymalloc_release();
			check_all();
		}
		/* threads can start, and take over the caches of those that are gone */
		stop = 1;
		if (pthread_create(&t, NULL, churn, NULL) != 0 || pthread_join(t, NULL) != 0)
			_exit(3);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_fork_amid_busy_threads(void **state)
{
	uint64_t r = 99;
	pthread_t t[4];

	(void)state;
	if (SANITIZED)
		skip_because("a sanitizer cannot fork amid threads");
	stop = 0;
	for (uintptr_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, churn, (void *)i), 0);
	for (int i = 0; i < FORKS; i++)
		fork_one(&r);
	stop = 1;
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	check_all();
}

static bool all_locked;

static bool lock_is_held(const struct lock *l)
{
	return atomic_load(&l->state) != 0;
}

/* How many locks of the allocator are held. */
static unsigned locks_held(void)
{
	unsigned n = 0;

	for (unsigned c = 1; c < CLASSES; c++)
		n += lock_is_held(&transfer_caches[c].lock) + lock_is_held(&centrals[c].lock);
	return n + lock_is_held(&registry_lock) + lock_is_held(&large_lock) +
	       lock_is_held(&page_heap_lock) + lock_is_held(&span_lock);
}

/* Registered before ours is, so it is called when ours has done its work. */
static void look_at_locks(void)
{
	all_locked = locks_held() == 2 * (CLASSES - 1) + 4;
}

static pthread_barrier_t barrier;

static void *hold_much(void *arg)
{
	static void *p[4000];
	unsigned c = *(unsigned *)arg;

	for (size_t i = 0; i < 4000; i++)
		p[i] = api_malloc(size_classes[c].size);
	for (size_t i = 0; i < 4000; i++)
		api_free(p[i]);
	if (!thread_cache_self->head[c] || !thread_cache_self->spare[c].head)
		abort();
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier); /* the other one forks meanwhile */
	return NULL;
}

/* In a child: of the thread that is gone there is a cache, which is empty and to be had. */
static int child_of_threads(unsigned c, const struct tinymalloc_stats *before)
{
	struct tinymalloc_stats now;
	pthread_t t[2];

	if (!all_locked || locks_held() != 0)
		return 1;
	tinymalloc_stats(&now);
	if (now.parked != before->parked + 1 || now.threads != before->threads - 1)
		return 2;
	if (thread_cache_objects(c) != 0)
		return 3;
	(void)tinymalloc_release();
	for (uintptr_t i = 0; i < 2; i++)
		if (pthread_create(&t[i], NULL, play, (void *)(i + 1)) != 0)
			return 4;
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	check_all();
	return 0;
}

static void test_fork_takes_all_locks_and_empties_the_caches_of_threads(void **state)
{
	struct tinymalloc_stats stats;
	unsigned c = size_class_of(352);
	int status;
	pthread_t t;
	pid_t pid;

	(void)state;
	if (SANITIZED)
		skip_because("a sanitizer cannot fork amid threads");
	(void)tinymalloc_release();
	assert_int_equal(pthread_barrier_init(&barrier, NULL, 2), 0);
	assert_int_equal(pthread_create(&t, NULL, hold_much, &c), 0);
	pthread_barrier_wait(&barrier);
	assert_true(thread_cache_objects(c) > 0);
	tinymalloc_stats(&stats);
	all_locked = false;
	pid = fork();
	if (pid == 0) {
		alarm(60);
		_exit(child_of_threads(c, &stats));
	}
	assert_true(all_locked);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	pthread_barrier_wait(&barrier);
	pthread_join(t, NULL);
	assert_int_equal(locks_held(), 0);
}

/* What no function gets where 64 MiB are not to be had; @p is a block. */
static bool all_say_enomem(void *p)
{
	const size_t n = (size_t)90 << 20;
	void *one = &one;

#define REFUSED(call) (errno = 0, !(call) && errno == ENOMEM)
	return REFUSED(api_malloc(n)) && REFUSED(api_calloc(1024, n / 1024)) &&
	       REFUSED(api_realloc(p, n)) && REFUSED(api_realloc(NULL, n)) &&
	       REFUSED(api_reallocarray(p, n / 512, 512)) && REFUSED(api_aligned_alloc(64, n)) &&
	       REFUSED(api_aligned_alloc(4096, n)) && REFUSED(api_memalign(1 << 20, n)) &&
	       REFUSED(api_valloc(n)) && REFUSED(api_pvalloc(n)) &&
	       api_posix_memalign(&one, 1 << 20, n) == ENOMEM && one == &one;
#undef REFUSED
}

/*
 * In a child with little room: every function says ENOMEM, and afterwards everything works; what
 * one size had, another can have.
 */
static int run_out(void)
{
	static void *p[100000];
	struct rlimit room = {(size_t)96 << 20, (size_t)96 << 20};
	static const size_t sizes[] = {1000, 3000000, 40000, 300000, 16, 200000, 5000};
	struct tinymalloc_stats before, after;
	void *q;

	if (setrlimit(RLIMIT_AS, &room) < 0)
		return 1;
	for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		size_t n = 0;

		errno = 0;
		while (n < 100000 && (p[n] = api_malloc(sizes[k])))
			n++;
		if (n < 100000 && errno != ENOMEM)
			return 2;
		if (n * sizes[k] < ((size_t)32 << 20) && n < 100000)
			return 6;
		if (n > 0 && !all_say_enomem(p[0]))
			return 3;
		if (n < 100000 && (api_aligned_alloc(64, sizes[k]) || api_calloc(1, sizes[k])))
			return 4;
		tinymalloc_stats(&before);
		for (int i = 0; i < 1000 && n < 100000; i++)
			if (api_malloc(sizes[k]))
				return 8;
		tinymalloc_stats(&after);
		if (after.metadata != before.metadata)
			return 9;
		/* to want less is no reason to fail */
		if (n > 0 && !(p[0] = api_realloc(p[0], sizes[k] / 5)))
			return 7;
		check_all();
		while (n > 0)
			api_free(p[--n]);
		check_all();
	}
	q = api_malloc((size_t)32 << 20);
	api_free(q);
	return q && api_malloc(1000) ? 0 : 5;
}

static void test_running_out_is_enomem_and_nothing_breaks(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (SANITIZED)
		skip_because("the memory of a sanitizer is larger than any limit");
	pid = fork();
	if (pid == 0)
		_exit(run_out());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* The first blocks of a process are another test. */
static int setup(void **state)
{
	(void)state;
	first_close();
	return pthread_atfork(look_at_locks, NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_running_out_is_enomem_and_nothing_breaks),
		cmocka_unit_test(test_model_with_1_thread),
		cmocka_unit_test(test_model_with_2_threads),
		cmocka_unit_test(test_model_with_4_threads),
		cmocka_unit_test(test_model_with_16_threads),
		cmocka_unit_test(test_fork_takes_all_locks_and_empties_the_caches_of_threads),
		cmocka_unit_test(test_fork_amid_busy_threads),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
