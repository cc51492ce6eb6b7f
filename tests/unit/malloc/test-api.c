/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The malloc family: sizes, alignments, errno and the corners that C and POSIX name. What is wrong
 * ends in one line and abort, which a child of the test does.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "malloc/api.h"
#include "malloc/central.h"
#include "malloc/first.h"
#include "malloc/large.h"
#include "malloc/options.h"
#include "malloc/page_heap.h"
#include "malloc/thread_cache.h"
#include "malloc/transfer_cache.h"
#include "misuse.h"
#include <tinymalloc.h>

/* Sizes that the compiler does not know. */
static volatile size_t huge = PTRDIFF_MAX;

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

static void test_malloc_serves_every_size(void **state)
{
	(void)state;
	for (size_t n = 0; n < 3 << 20; n += 1 + n / 7) {
		unsigned char *p = api_malloc(n);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 16, 0);
		assert_true(api_usable_size(p) >= n);
		memset(p, 0xee, api_usable_size(p));
		api_free(p);
	}
	check_all();
}

static void test_malloc_of_nothing_is_unique(void **state)
{
	void *a = api_malloc(0), *b = api_malloc(0), *c = api_calloc(0, 8);

	(void)state;
	assert_true(a && b && c && a != b && b != c);
	api_free(a);
	api_free(b);
	api_free(c);
	api_free(NULL);
	assert_int_equal(api_usable_size(NULL), 0);
}

static void test_what_is_too_large_is_enomem(void **state)
{
	char *p = api_malloc(100), *q;
	void *ret = &ret;

	(void)state;
	errno = 0;
	assert_null(api_malloc(huge + 1));
	assert_int_equal(errno, ENOMEM);
	errno = 0;
	assert_null(api_malloc(SIZE_MAX));
	assert_int_equal(errno, ENOMEM);
	errno = 0;
	assert_null(api_calloc(huge, 4));
	assert_int_equal(errno, ENOMEM);
	errno = 0;
	assert_null(api_reallocarray(p, huge, 4));
	assert_int_equal(errno, ENOMEM);
	errno = 0;
	assert_null(api_realloc(p, huge));
	assert_int_equal(errno, ENOMEM);
	q = api_malloc(1 << 20);
	errno = 0;
	assert_null(api_realloc(q, huge));
	assert_int_equal(errno, ENOMEM);
	api_free(q);
	errno = 0;
	assert_null(api_aligned_alloc(64, huge));
	assert_int_equal(errno, ENOMEM);
	errno = 0;
	assert_null(api_aligned_alloc((size_t)1 << 62, 1));
	assert_int_equal(errno, ENOMEM);
	errno = 0;
	assert_null(api_pvalloc(SIZE_MAX));
	assert_int_equal(errno, ENOMEM);
	assert_null(api_valloc(huge));
	errno = 7;
	assert_int_equal(api_posix_memalign(&ret, 64, huge), ENOMEM);
	assert_int_equal(errno, 7);
	assert_ptr_equal(ret, &ret);
	api_free(p);
	check_all();
}

static void test_alignment_is_checked_and_kept(void **state)
{
	void *p = NULL;

	(void)state;
	errno = 0;
	assert_null(api_aligned_alloc(24, 24));
	assert_int_equal(errno, EINVAL);
	assert_null(api_aligned_alloc(0, 24));
	assert_int_equal(api_posix_memalign(&p, 4, 8), EINVAL);
	assert_int_equal(api_posix_memalign(&p, 24, 8), EINVAL);
	assert_int_equal(api_posix_memalign(&p, 0, 8), EINVAL);
	assert_null(p);
	for (size_t align = 8; align <= 8 << 20; align *= 2) {
		for (size_t n = 0; n < 1 << 20; n = n * 3 + 1) {
			assert_int_equal(api_posix_memalign(&p, align, n), 0);
			assert_int_equal((uintptr_t)p % align, 0);
			assert_true(api_usable_size(p) >= n);
			memset(p, 1, n);
			api_free_aligned_sized(p, align, n);
			p = api_memalign(align, n);
			assert_int_equal((uintptr_t)p % align, 0);
			p = api_realloc(p, n + 1);
			api_free(p);
		}
	}
	/* glibc's memalign takes any number, and goes up to the next power of two */
	for (size_t align = 0; align < 10000; align = align * 3 + 1) {
		p = api_memalign(align, 100);
		assert_non_null(p);
		for (size_t power = 16; power < 2 * align; power *= 2)
			assert_int_equal((uintptr_t)p % power, 0);
		api_free(p);
	}
	errno = 0;
	assert_null(api_memalign(SIZE_MAX, 8));
	assert_int_equal(errno, EINVAL);
	p = api_valloc(5);
	assert_int_equal((uintptr_t)p % 4096, 0);
	api_free(p);
	p = api_pvalloc(4097);
	assert_int_equal((uintptr_t)p % 4096, 0);
	assert_true(api_usable_size(p) >= 8192);
	api_free_sized(p, 8192);
	check_all();
}

static void test_calloc_is_zero_where_others_wrote(void **state)
{
	(void)state;
	for (size_t n = 1; n < 3 << 20; n += 1 + n / 3) {
		unsigned char *p = api_malloc(n);

		memset(p, 0xff, n);
		api_free(p);
		p = api_calloc(1, n);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], 0);
		api_free(p);
	}
}

static void test_realloc_keeps_what_was_there(void **state)
{
	unsigned char *p = api_realloc(NULL, 1);
	size_t old = 1;

	(void)state;
	p[0] = 0;
	for (size_t n = 1; n < 20 << 20; n += 1 + n / 2) {
		p = api_realloc(p, n);
		for (size_t i = 0; i < old; i += 1 + old / 100)
			assert_int_equal(p[i], i % 251);
		for (size_t i = 0; i < n; i++)
			p[i] = (unsigned char)(i % 251);
		old = n;
	}
	for (size_t n = old; n > 0; n = n * 2 / 3) {
		p = api_realloc(p, n);
		for (size_t i = 0; i < n; i += 1 + n / 100)
			assert_int_equal(p[i], i % 251);
		assert_true(api_usable_size(p) >= n);
	}
	assert_null(api_realloc(p, 0));
	check_all();
}

static void test_realloc_copies_what_the_kernel_does_not_move(void **state)
{
	const size_t half = 1 << 20;
	unsigned char *p = api_malloc(2 * half), *q;

	(void)state;
	memset(p, 'a', half);
	memset(p + half, 'b', half);
	/* from now on it is two mappings */
	assert_int_equal(madvise(p + half, half, MADV_DONTFORK), 0);
	q = api_realloc(p, 40 * half);
	assert_non_null(q);
	assert_true(q[half - 1] == 'a' && q[half] == 'b' && q[2 * half - 1] == 'b');
	memset(q, 'c', 40 * half);
	api_free(q);
	(void)tinymalloc_release();
	check_all();
}

static bool is_mapped(void *p)
{
	return msync(p, PAGE_SIZE, MS_ASYNC) == 0;
}

static void test_debugging_guards_a_large_block_and_keeps_nothing_of_it(void **state)
{
	const size_t n = (1 << 20) + 1, bytes = (1 << 20) + PAGE_SIZE;
	char *p;

	(void)state;
	(void)tinymalloc_release();
	options.debug = true;
	p = api_malloc(n);
	assert_int_equal(api_usable_size(p), bytes);
	memset(p, 1, bytes);
	assert_true(is_mapped(p + bytes)); /* the bats test says that it is not to be touched */
	p = api_realloc(p, n);
	api_free(p);
	options.debug = false;
	assert_false(is_mapped(p));
	assert_false(is_mapped(p + bytes));
	check_all();
}

static void test_realloc_of_medium_blocks_stays_in_place(void **state)
{
	int moved = 0;
	char *p;

	(void)state;
	(void)tinymalloc_release();
	p = api_malloc(40 << 10);
	for (size_t n = 40 << 10; n < 200 << 10; n += 4096) {
		char *q = api_realloc(p, n);

		moved += q != p;
		p = q;
		p[n - 1] = 1;
	}
	assert_true(moved <= 4);
	api_free(p);
	check_all();
}

static void *few_of_many_sizes(void *arg)
{
	size_t *ret_classes = arg;
	void *p[64];

	for (size_t i = 0; i < 64; i++)
		p[i] = api_malloc(16 + 16 * i);
	for (size_t n = 32; n <= 1024; n *= 2) {
		size_t found = 0;

		for (size_t i = 0; i < 64; i++)
			found += api_usable_size(p[i]) == n;
		*ret_classes += found > 0;
		ret_classes[1] += found;
	}
	for (size_t i = 0; i < 64; i++)
		api_free(p[i]);
	/* a size that is asked for often has a class of its own */
	for (size_t i = 0; i < 64; i++)
		p[i] = api_malloc(48);
	ret_classes[2] = api_usable_size(p[63]);
	for (size_t i = 0; i < 64; i++)
		api_free(p[i]);
	return NULL;
}

static void test_few_objects_of_many_sizes_share_classes(void **state)
{
	size_t classes[3] = {0};
	pthread_t t;

	(void)state;
	assert_int_equal(pthread_create(&t, NULL, few_of_many_sizes, classes), 0);
	pthread_join(t, NULL);
	assert_int_equal(classes[0], 6);
	assert_int_equal(classes[1], 64);
	assert_int_equal(classes[2], 48);
}

static void test_large_blocks_are_used_again(void **state)
{
	unsigned char *p = api_malloc(2 << 20), *q;

	(void)state;
	memset(p, 1, 2 << 20);
	api_free(p);
	q = api_malloc(300 << 10);
	assert_ptr_equal(q, p);
	api_free(q);
	q = api_calloc(1, 1 << 20);
	assert_ptr_equal(q, p);
	for (size_t i = 0; i < 1 << 20; i++)
		assert_int_equal(q[i], 0);
	api_free(q);
	(void)tinymalloc_release();
	/* but not the longest for the shortest */
	api_free(api_malloc(4 << 20));
	q = api_malloc(300 << 10);
	assert_true(api_usable_size(q) <= 3 << 20);
	api_free(q);
	(void)tinymalloc_release();
	check_all();
}

static void test_large_blocks_grow_by_more_than_was_asked_for(void **state)
{
	const size_t mib = 1 << 20;
	unsigned resized = 0;
	size_t usable = 0;
	char *p = NULL;

	(void)state;
	for (size_t n = mib; n <= 2 * mib; n += 4096) {
		p = api_realloc(p, n);
		assert_non_null(p);
		resized += api_usable_size(p) != usable;
		usable = api_usable_size(p);
		assert_true(usable >= n && usable <= n + n / 8 + 4096);
	}
	assert_true(resized <= 10);
	api_free(p);
}

static void test_free_keeps_errno(void **state)
{
	void *p[300];

	(void)state;
	for (int i = 0; i < 300; i++)
		p[i] = api_malloc(i % 2 ? (size_t)5 << 20 : 30000);
	errno = 12345;
	for (int i = 0; i < 300; i++)
		api_free(p[i]);
	assert_int_equal(errno, 12345);
	errno = 0;
}

static void test_stats_add_up(void **state)
{
	struct tinymalloc_stats before, after;
	void *p[100];

	(void)state;
	tinymalloc_stats(&before);
	for (int i = 0; i < 100; i++)
		p[i] = api_malloc(1000);
	tinymalloc_stats(&after);
	assert_int_equal(after.in_use - before.in_use, 100 * 1024);
	for (int i = 0; i < 100; i++)
		api_free(p[i]);
	tinymalloc_stats(&after);
	assert_int_equal(after.in_use, before.in_use);
	p[0] = api_malloc(1 << 20);
	tinymalloc_stats(&after);
	assert_int_equal(after.large_blocks, before.large_blocks + 1);
	api_free(p[0]);
}

static void test_release_gives_everything_back(void **state)
{
	struct tinymalloc_stats s;
	static void *p[20000];

	(void)state;
	for (int i = 0; i < 20000; i++)
		p[i] = memset(api_malloc(500), 1, 500);
	for (int i = 0; i < 20000; i++)
		api_free(p[i]);
	(void)tinymalloc_release();
	tinymalloc_stats(&s);
	assert_int_equal(s.thread_bytes, 0);
	assert_int_equal(s.transfer_bytes, 0);
	assert_int_equal(s.heap_dirty, 0);
	assert_int_equal(s.large_cached, 0);
	check_all();
}

static void test_a_spike_is_given_back_unasked(void **state)
{
	struct tinymalloc_stats s;
	enum { COUNT = 400000 };
	void **p = api_malloc(COUNT * sizeof(*p));

	(void)state;
	srandom(3);
	for (int i = 0; i < COUNT; i++)
		p[i] = api_malloc(64);
	for (int i = COUNT - 1; i > 0; i--) {
		int j = (int)(random() % (i + 1));
		void *t = p[i];

		p[i] = p[j];
		p[j] = t;
	}
	for (int i = 0; i < COUNT; i++)
		api_free(p[i]);
	tinymalloc_stats(&s);
	assert_true(s.heap_used + s.heap_dirty < (size_t)COUNT * 64 / 8);
	api_free(p);
}

static void *many_short_lives(void *arg)
{
	void *p[200];

	(void)arg;
	for (size_t i = 0; i < 200; i++)
		p[i] = api_malloc(i * 50);
	for (size_t i = 0; i < 200; i++)
		api_free(p[i]);
	return NULL;
}

/* Nine in ten objects go, at random; the others are replaced one by one, by two sizes. */
static void test_what_is_left_of_many_objects_moves_together(void **state)
{
	enum { MANY = 20000, FEW = 2000, SIZE = 512, OTHER = 448 };
	static void *p[MANY];
	unsigned c = size_class_of(SIZE), d = size_class_of(OTHER);
	size_t most;

	(void)state;
	for (size_t i = 0; i < MANY; i++)
		assert_non_null(p[i] = api_malloc(SIZE));
	most = centrals[c].n_spans;
	srandom(5);
	for (size_t i = MANY; i > 1; i--) {
		size_t at = (size_t)random() % i;
		void *q = p[at];

		p[at] = p[i - 1];
		p[i - 1] = q;
	}
	for (size_t i = FEW; i < MANY; i++)
		api_free(p[i]);
	assert_true(centrals[c].n_spans > most / 2);
	for (int i = 0; i < 10 * FEW; i++) {
		void **q = &p[random() % FEW];

		api_free(*q);
		assert_non_null(*q = api_malloc(random() % 2 ? SIZE : OTHER));
	}
	assert_true(centrals[c].n_spans + centrals[d].n_spans < most / 3);
	check_all();
	for (size_t i = 0; i < FEW; i++)
		api_free(p[i]);
}

static void test_short_lived_threads_do_not_grow_memory(void **state)
{
	struct tinymalloc_stats before, after;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		pthread_t t;

		if (i == 100)
			tinymalloc_stats(&before);
		assert_int_equal(pthread_create(&t, NULL, many_short_lives, NULL), 0);
		pthread_join(t, NULL);
	}
	tinymalloc_stats(&after);
	assert_int_equal(after.threads, before.threads);
	assert_int_equal(after.parked, before.parked);
	assert_true(after.heap_mapped <= before.heap_mapped);
}

static void double_free_small(void)
{
	void *volatile p = api_malloc(128);

	api_free(p);
	api_free(p);
}

static void double_free_much_later(void)
{
	static void *volatile p[5000];

	for (int i = 0; i < 5000; i++)
		p[i] = api_malloc(100);
	for (int i = 0; i < 5000; i++)
		api_free(p[i]);
	api_free(p[7]);
}

static void double_free_large(void)
{
	void *volatile p = api_malloc(1 << 20);

	api_free(p);
	api_free(p);
}

static void free_inside_small(void)
{
	api_free((char *)api_malloc(100) + 16);
}

static void free_inside_medium(void)
{
	api_free((char *)api_malloc(100000) + 8192);
}

static void free_inside_large(void)
{
	api_free((char *)api_malloc(1 << 20) + 4096);
}

static void free_stack(void)
{
	int local;

	api_free(&local);
}

static void free_wild(void)
{
	api_free((void *)0x8000000000001230);
}

static void realloc_wild(void)
{
	(void)api_realloc((void *)0x1230, 5);
}

static void realloc_freed_small(void)
{
	void *volatile p = api_malloc(200);

	api_free(p);
	(void)api_realloc(p, 190);
}

static void realloc_freed_medium(void)
{
	void *volatile p = api_malloc(50000);

	api_free(p);
	(void)api_realloc(p, 100000);
}

static void realloc_freed_large(void)
{
	void *volatile p = api_malloc(1 << 20);

	api_free(p);
	(void)api_realloc(p, 1 << 20);
}

static void realloc_inside(void)
{
	(void)api_realloc((char *)api_malloc(200) + 16, 300);
}

static void usable_size_wild(void)
{
	(void)api_usable_size((void *)0x1230);
}

static void write_after_release(void)
{
	char *volatile live = api_malloc(200), *volatile p = api_malloc(200);

	api_free(p);
	(void)tinymalloc_release();
	memset(p, 0, 200);
	for (int i = 0; i < 1000; i++)
		(void)api_malloc(200);
	*live = 1;
}

static void write_after_free(void)
{
	char *volatile p = api_malloc(200);

	api_free(p);
	memset(p, 0, 200);
	(void)api_malloc(200);
}

static void test_misuse_is_one_line_and_abort(void **state)
{
	static const struct {
		void (*misdeed)(void);
		const char *words;
	} cases[] = {
		{double_free_small, "double free: "},
		{double_free_much_later, "double free: "},
		{double_free_large, "invalid free: "},
		{free_inside_small, "invalid free of the inside of an object: "},
		{free_inside_medium, "invalid free: "},
		{free_inside_large, "invalid free: "},
		{free_stack, "invalid free: "},
		{free_wild, "invalid free: "},
		{realloc_wild, "invalid realloc: "},
		{realloc_freed_small, "realloc after free: "},
		{realloc_freed_medium, "realloc after free: "},
		{realloc_freed_large, "invalid realloc: "},
		{realloc_inside, "invalid realloc of the inside of an object: "},
		{usable_size_wild, "malloc_usable_size of what was not allocated: "},
		{write_after_free, "corrupted free object"},
		{write_after_release, "corrupted free object"},
	};
	char line[300];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		misuse_last_words(cases[i].misdeed, line, sizeof(line));
		assert_ptr_equal(strstr(line, "tinymalloc: "), line);
		assert_non_null(strstr(line, cases[i].words));
	}
	misuse_last_words(double_free_small, line, sizeof(line));
	assert_non_null(strstr(line, "(size class 128)"));
}

/* The first blocks of a process are another test. */
static int setup(void **state)
{
	(void)state;
	first_close();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* first, because what came before makes the heap keep more */
		cmocka_unit_test(test_a_spike_is_given_back_unasked),
		/* while there is one thread */
		cmocka_unit_test(test_what_is_left_of_many_objects_moves_together),
		cmocka_unit_test(test_few_objects_of_many_sizes_share_classes),
		cmocka_unit_test(test_malloc_serves_every_size),
		cmocka_unit_test(test_malloc_of_nothing_is_unique),
		cmocka_unit_test(test_what_is_too_large_is_enomem),
		cmocka_unit_test(test_alignment_is_checked_and_kept),
		cmocka_unit_test(test_calloc_is_zero_where_others_wrote),
		cmocka_unit_test(test_realloc_keeps_what_was_there),
		cmocka_unit_test(test_realloc_copies_what_the_kernel_does_not_move),
		cmocka_unit_test(test_debugging_guards_a_large_block_and_keeps_nothing_of_it),
		cmocka_unit_test(test_realloc_of_medium_blocks_stays_in_place),
		cmocka_unit_test(test_large_blocks_are_used_again),
		cmocka_unit_test(test_large_blocks_grow_by_more_than_was_asked_for),
		cmocka_unit_test(test_free_keeps_errno),
		cmocka_unit_test(test_stats_add_up),
		cmocka_unit_test(test_release_gives_everything_back),
		cmocka_unit_test(test_short_lived_threads_do_not_grow_memory),
		cmocka_unit_test(test_misuse_is_one_line_and_abort),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
