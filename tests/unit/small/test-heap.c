/* SPDX-License-Identifier: Apache-2.0 */
/* The small tinyrun's malloc, under names of its own beside libc's. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

void *heap_malloc(size_t size);
void *heap_calloc(size_t n, size_t size);
void *heap_realloc(void *block, size_t size);
void heap_free(void *block);

#define malloc  heap_malloc
#define calloc  heap_calloc
#define realloc heap_realloc
#define free    heap_free
#include "small/heap.c"

/* --- what callers are promised --- */

static void test_heap_blocks_are_aligned_apart_and_large_enough(void **state)
{
	enum { N = 2000 };
	static unsigned char *v[N];

	(void)state;
	for (size_t i = 0; i < N; i++) {
		v[i] = malloc(i);
		assert_non_null(v[i]);
		assert_int_equal((uintptr_t)v[i] % 16, 0);
		memset(v[i], (int)i & 255, i);
	}
	for (size_t i = 0; i < N; i++)
		for (size_t k = 0; k < i; k++)
			assert_int_equal(v[i][k], i & 255);
	for (size_t i = 0; i < N; i++)
		free(v[i]);
}

static void test_heap_every_size_has_the_class_of_its_room(void **state)
{
	size_t room, again;

	(void)state;
	for (size_t size = 0; size <= CLASS_MAX; size++) {
		unsigned class = class_of(size, &room);

		assert_true(class < CLASSES);
		assert_true(room >= size && room <= CLASS_MAX);
		assert_int_equal(class_of(room, &again), class);
		assert_int_equal(again, room);
	}
}

static void test_heap_calloc_is_zero_in_a_block_that_was_used(void **state)
{
	static const size_t sizes[] = {1, 100, 5000, 200000};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		unsigned char *p = malloc(sizes[i]);

		memset(p, 0xff, sizes[i]);
		free(p);
		p = calloc(1, sizes[i]);
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(p[k], 0);
		free(p);
	}
}

static void test_heap_realloc_keeps_what_fits_from_small_to_mapped_and_back(void **state)
{
	static const size_t sizes[] = {1,       16,      17,     5000,   CLASS_MAX, CLASS_MAX + 1,
				       1 << 20, 3 << 20, 300000, 150000, 100,       1};
	unsigned char *p = NULL;
	size_t had = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		size_t kept = had < sizes[i] ? had : sizes[i];

		p = realloc(p, sizes[i]);
		assert_non_null(p);
		for (size_t k = 0; k < kept; k++)
			assert_int_equal(p[k], k % 251);
		for (size_t k = 0; k < sizes[i]; k++)
			p[k] = (unsigned char)(k % 251);
		had = sizes[i];
	}
	free(p);
}

static void test_heap_what_cannot_be_is_enomem(void **state)
{
	void *p = malloc(100);

	(void)state;
	errno = 0;
	assert_null(malloc(SIZE_MAX));
	assert_int_equal(errno, ENOMEM);
	errno = 0;
	assert_null(calloc(SIZE_MAX / 2, 3));
	assert_int_equal(errno, ENOMEM);
	errno = 0;
	assert_null(realloc(p, (size_t)PTRDIFF_MAX + 1));
	assert_int_equal(errno, ENOMEM);
	free(p); /* it is still there */
	errno = EIO;
	free(malloc(1 << 20));
	assert_int_equal(errno, EIO);
}

/* --- a verb that stays --- */

static void test_heap_a_life_of_changes_does_not_make_it_grow(void **state)
{
	enum { N = 300 };
	static void *v[N];
	static size_t sizes[N];
	struct rusage before, after;
	uint32_t seed = 1;

	(void)state;
	for (int i = 0; i < 2000000; i++) {
		size_t at_index;

		if (i == 500000)
			(void)getrusage(RUSAGE_SELF, &before);
		seed = seed * 1664525 + 1013904223;
		at_index = seed >> 8 & 255;
		if (v[at_index]) {
			assert_int_equal(*(unsigned char *)v[at_index], at_index);
			free(v[at_index]);
		}
		sizes[at_index] = 1 + (seed >> 16) % (1U << (4 + seed % 10));
		v[at_index] = malloc(sizes[at_index]);
		memset(v[at_index], (int)at_index, sizes[at_index]);
	}
	(void)getrusage(RUSAGE_SELF, &after);
	assert_true(after.ru_maxrss - before.ru_maxrss < 1024);
	for (size_t i = 0; i < N; i++)
		free(v[i]);
}

/* --- what is not to be forgiven --- */

static int death_of(void (*act)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		const struct rlimit none = {0, 0};

		(void)setrlimit(RLIMIT_CORE, &none);
		(void)signal(SIGABRT, SIG_DFL);
		act();
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void free_twice(void)
{
	void *volatile p = malloc(40);

	free(p);
	free(p);
}

static void free_inside(void)
{
	char *volatile p = malloc(400);

	free(p + 16);
}

static void write_over_a_head(void)
{
	char *volatile p, *volatile next;

	memset(lists, 0, sizeof(lists)); /* so that one comes behind the other */
	p = malloc(16);
	next = malloc(16);
	memset(p, 'A', 24);
	free(next);
}

static void use_after_free_then_malloc(void)
{
	char *volatile a = malloc(64);
	char *volatile b = malloc(64);

	free(a);
	free(b);
	*(void *volatile *)b = a + 8; /* what the list is made of */
	(void)malloc(64);
	(void)malloc(64);
}

static void realloc_of_freed(void)
{
	char *volatile p = malloc(64);

	free(p);
	(void)realloc(p, 200);
}

static void behave(void)
{
	free(realloc(malloc(10), 100));
	free(NULL);
}

static void test_heap_misuse_ends_the_program(void **state)
{
	(void)state;
	assert_int_equal(death_of(behave), 0);
	assert_int_equal(death_of(free_twice), SIGABRT);
	assert_int_equal(death_of(free_inside), SIGABRT);
	assert_int_equal(death_of(write_over_a_head), SIGABRT);
	assert_int_equal(death_of(use_after_free_then_malloc), SIGABRT);
	assert_int_equal(death_of(realloc_of_freed), SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heap_blocks_are_aligned_apart_and_large_enough),
		cmocka_unit_test(test_heap_every_size_has_the_class_of_its_room),
		cmocka_unit_test(test_heap_calloc_is_zero_in_a_block_that_was_used),
		cmocka_unit_test(test_heap_realloc_keeps_what_fits_from_small_to_mapped_and_back),
		cmocka_unit_test(test_heap_what_cannot_be_is_enomem),
		cmocka_unit_test(test_heap_a_life_of_changes_does_not_make_it_grow),
		cmocka_unit_test(test_heap_misuse_ends_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
