/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first blocks of a process: that they are what malloc promises, that nothing else is started
 * for them, when the other tiers take over, and that misuse is found. What ends this time of a
 * process happens in a child.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "malloc/api.h"
#include "malloc/first.h"
#include "malloc/page_heap.h"
#include "malloc/page_map.h"
#include "malloc/registry.h"
#include "misuse.h"
#include <tinymalloc.h>

static const size_t sizes[] = {0, 1, 16, 17, 100, 1000, 1025, 4096, 20000, 33000};
#define N_SIZES (sizeof(sizes) / sizeof(*sizes))

static void test_first_blocks_never_lie_in_the_root(void **state)
{
	(void)state;
	for (;;) { /* until the near part is full */
		char *p = api_malloc(8);

		memset(p, 0xff, api_usable_size(p));
		if (p >= page_map.far)
			break;
	}
	for (size_t i = 0; i < ROOT_SIZE; i++)
		assert_null(page_map.root[i]);
}

static void test_first_blocks_are_aligned_apart_and_large_enough(void **state)
{
	unsigned char *v[200];
	size_t before = first_in_use();

	(void)state;
	for (size_t i = 0; i < 200; i++) {
		v[i] = api_malloc(i);
		assert_true(first_owns(v[i]));
		assert_int_equal((uintptr_t)v[i] % 16, 0);
		assert_true(api_usable_size(v[i]) >= i && api_usable_size(v[i]) <= i + i / 8 + 16);
		memset(v[i], (int)i, api_usable_size(v[i]));
	}
	for (size_t i = 0; i < 200; i++) {
		for (size_t k = 0; k < api_usable_size(v[i]); k++)
			assert_int_equal(v[i][k], i);
		api_free(v[i]);
	}
	assert_int_equal(first_in_use(), before);
}

static void test_first_starts_no_other_tier(void **state)
{
	struct page_heap_stats heap;

	(void)state;
	for (size_t i = 0; i < N_SIZES; i++)
		api_free(api_realloc(api_malloc(1), sizes[i]));
	page_heap_stats(&heap);
	assert_int_equal(heap.regions, 0);
	assert_null(registry_all);
	assert_false(first_is_closed());
}

static void test_first_uses_a_freed_block_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SIZES; i++) {
		unsigned char *p = api_malloc(sizes[i]), *q;

		memset(p, 0xff, sizes[i]);
		api_free(p);
		q = api_calloc(1, sizes[i]);
		assert_ptr_equal(p, q);
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(q[k], 0);
		api_free(q);
	}
}

/* --- what ends it; in a child, which says 0 when all is as it should be --- */

static int outcome_of(int (*act)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(act());
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int after_many(void)
{
	for (unsigned i = 0; i < FIRST_BLOCKS; i++)
		api_free(api_malloc(100));
	return !first_owns(api_malloc(100)) && first_is_closed() ? 0 : 1;
}

static int when_full(void)
{
	char *p[64];
	int n = 0;

	for (; n < 64 && first_owns(p[n] = api_malloc(8000)); n++)
		memset(p[n], n, 8000);
	if (n < 4 || n > 16 || !first_is_closed())
		return 1;
	while (n-- > 0)
		if (p[n][0] != n || p[n][7999] != n)
			return 2;
	return 0;
}

static int when_large(void)
{
	void *p = api_malloc(65537), *q = api_malloc(1 << 20), *r = api_malloc(10);

	return !first_owns(p) && !first_owns(q) && first_owns(r) ? 0 : 1;
}

static int when_aligned(void)
{
	for (size_t align = 32; align <= 8192; align *= 2) {
		void *p = api_aligned_alloc(align, align + 100);

		if ((uintptr_t)p % align != 0 || first_owns(p))
			return 1;
	}
	return 0;
}

static void *in_thread(void *p)
{
	api_free(p);
	return api_malloc(10);
}

static int with_a_thread(void)
{
	void *p = api_malloc(10), *from_thread;
	pthread_t t;

	if (!first_owns(p) || pthread_create(&t, NULL, in_thread, p) != 0 ||
	    pthread_join(t, &from_thread) != 0)
		return 1;
	return !first_owns(from_thread) && !first_owns(api_malloc(10)) ? 0 : 2;
}

/* Beyond what is a slab's, where blocks of the other tiers may grow in place. */
static int when_grown(void)
{
	const size_t large[] = {33000, 40000, 65536};

	for (size_t i = 0; i < sizeof(large) / sizeof(*large); i++) {
		char *p = api_malloc(large[i]), *q;

		if (!p || (i == 0 && !first_owns(p)))
			return 1;
		memset(p, 'x', large[i]);
		q = api_realloc(p, 2 * large[i]);
		if (!q || first_owns(q))
			return 2;
		for (size_t at = 0; at < large[i]; at++)
			if (q[at] != 'x')
				return 3;
		api_free(q);
	}
	return 0;
}

static int freed_later(void)
{
	struct tinymalloc_stats stats;
	size_t before = first_in_use();
	char *p = memset(api_malloc(1000), 7, 1000), *q;

	first_close();
	q = api_realloc(p, 5000); /* out of the piece */
	for (int i = 0; i < 1000; i++)
		if (q[i] != 7)
			return 1;
	if (first_owns(q) || first_in_use() != before)
		return 2;
	tinymalloc_stats(&stats);
	return stats.first == before && stats.in_use > before + 5000 ? 0 : 3;
}

static void test_first_ends_and_the_other_tiers_take_over(void **state)
{
	(void)state;
	assert_int_equal(outcome_of(after_many), 0);
	assert_int_equal(outcome_of(when_full), 0);
	assert_int_equal(outcome_of(when_large), 0);
	assert_int_equal(outcome_of(when_aligned), 0);
	assert_int_equal(outcome_of(with_a_thread), 0);
	assert_int_equal(outcome_of(freed_later), 0);
	assert_int_equal(outcome_of(when_grown), 0);
}

static void *others[1000];

static void others_allocate(void)
{
	for (size_t i = 0; i < 1000; i++)
		others[i] = api_malloc(i * 37);
}

static void others_free(void)
{
	for (size_t i = 0; i < 1000; i++)
		api_free(others[i]);
}

/* All that was there before the first block is a fork handler of ours; it must be called last. */
static int fork_with_handlers(void)
{
	int status;
	pid_t pid;

	if (!first_owns(api_malloc(10)) ||
	    pthread_atfork(others_allocate, others_free, others_free) != 0)
		return 1;
	first_close();
	others_allocate();
	others_free();
	alarm(20); /* it would wait for itself */
	for (int i = 0; i < 10; i++) {
		pid = fork();
		if (pid == 0) {
			alarm(20);
			others_allocate();
			others_free();
			_exit(0);
		}
		if (waitpid(pid, &status, 0) != pid || status != 0)
			return 2;
	}
	return 0;
}

static void test_first_fork_handlers_of_others_may_allocate(void **state)
{
	(void)state;
	assert_int_equal(outcome_of(fork_with_handlers), 0);
}

/* --- what is not to be forgiven --- */

static void free_twice(void)
{
	void *volatile p = api_malloc(40);

	api_free(p);
	api_free(p);
}

static void free_twice_after_the_end(void)
{
	void *volatile p = api_malloc(40);

	first_close();
	api_free(p);
	api_free(p);
}

static void free_inside(void)
{
	api_free((char *)api_malloc(400) + 16);
}

static void free_at_a_bad_address(void)
{
	api_free((char *)api_malloc(400) + 8);
}

static void free_in_the_root(void)
{
	api_free(&page_map.root[ROOT_SIZE / 2]);
}

static void write_over_a_head(void)
{
	char *volatile p = api_malloc(3000), *volatile next = api_malloc(3000);

	memset(p, 'A', (size_t)(next - p));
	api_free(next);
}

static void write_after_free(void)
{
	char *volatile a = api_malloc(64);
	char *volatile b = api_malloc(64);

	api_free(a);
	api_free(b);
	*(void *volatile *)b = a + 8; /* what the list is made of */
	(void)api_malloc(64);
	(void)api_malloc(64);
}

static void realloc_of_freed(void)
{
	char *volatile p = api_malloc(64);

	api_free(p);
	(void)api_realloc(p, 200);
}

static void test_first_misuse_is_one_line_and_abort(void **state)
{
	static const struct {
		void (*misdeed)(void);
		const char *words;
	} cases[] = {
		{free_twice, "tinymalloc: double free: "},
		{free_twice_after_the_end, "tinymalloc: double free: "},
		{free_inside, "tinymalloc: invalid free: "},
		{free_at_a_bad_address, "tinymalloc: invalid free: "},
		{free_in_the_root, "tinymalloc: invalid free: "},
		{write_over_a_head, "tinymalloc: invalid free: "},
		{write_after_free, "tinymalloc: corrupted free object"},
		{realloc_of_freed, "tinymalloc: invalid realloc: "},
	};
	char line[300];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		misuse_last_words(cases[i].misdeed, line, sizeof(line));
		assert_ptr_equal(strstr(line, cases[i].words), line);
	}
	misuse_last_words(free_twice, line, sizeof(line));
	assert_non_null(strstr(line, "(size class 48)"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_blocks_never_lie_in_the_root),
		cmocka_unit_test(test_first_blocks_are_aligned_apart_and_large_enough),
		cmocka_unit_test(test_first_starts_no_other_tier),
		cmocka_unit_test(test_first_uses_a_freed_block_again),
		cmocka_unit_test(test_first_ends_and_the_other_tiers_take_over),
		cmocka_unit_test(test_first_fork_handlers_of_others_may_allocate),
		cmocka_unit_test(test_first_misuse_is_one_line_and_abort),
	};

	if (!registry_alone()) { /* this libc does not say how many threads there are */
		printf("1..0 # SKIP needs a libc with __libc_single_threaded\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
