/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lower tiers one by one: size classes, page map, page heap, central lists, transfer shelves.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "malloc/bitmap.h"
#include "malloc/central.h"
#include "malloc/os.h"
#include "malloc/page_heap.h"
#include "malloc/page_map.h"
#include "malloc/size_class.h"
#include "malloc/transfer_cache.h"

static void test_size_class_wastes_an_eighth_at_most(void **state)
{
	(void)state;
	size_class_check();
	for (size_t n = 1; n <= CLASS_SIZE_MAX; n++) {
		size_t size = size_classes[size_class_of(n)].size;

		assert_true(size >= n);
		assert_true(n <= 128 ? size - n < 16 : (size - n) * 8 < size);
	}
}

static void test_size_class_knows_where_objects_start(void **state)
{
	(void)state;
	for (unsigned c = 1; c < CLASSES && size_class_is_slab(c); c++) {
		const struct size_class *k = &size_classes[c];
		uintptr_t base = (uintptr_t)k->span_bytes * 12345;

		for (size_t at = 0; at < k->span_bytes; at += 8)
			assert_int_equal(size_class_is_start(c, (void *)(base + at)),
					 at % k->size == 0);
	}
	assert_false(size_class_is_start(0, NULL));
	assert_false(size_class_is_start(0, (void *)4096));
}

static void test_size_class_aligned_fits_both(void **state)
{
	(void)state;
	for (size_t align = 16; align <= PAGE_SIZE; align *= 2) {
		for (size_t n = 0; n <= CLASS_SIZE_MAX; n += 97) {
			unsigned c = size_class_aligned(n, align);

			assert_true(c > 0);
			assert_true(size_classes[c].size >= n && size_classes[c].size % align == 0);
		}
	}
	for (size_t align = 2 * PAGE_SIZE; align <= SLAB_MAX; align *= 2) {
		for (size_t n = 0; n <= SLAB_MAX; n += 97) {
			unsigned c = size_class_aligned(n, align);

			assert_true(c > 0 && size_class_is_slab(c));
			assert_true(size_classes[c].size >= n && size_classes[c].size % align == 0);
			assert_int_equal(size_classes[c].span_bytes % align, 0);
		}
		assert_int_equal(size_class_aligned(SLAB_MAX + 1, align), 0);
	}
	assert_int_equal(size_class_aligned(16, 2 * SLAB_MAX), 0);
	assert_int_equal(size_class_aligned(16, SIZE_MAX / 2 + 1), 0);
	assert_int_equal(size_class_aligned(CLASS_SIZE_MAX + 1, 16), 0);
}

static void test_bitmap_finds_runs_at_their_alignment(void **state)
{
	struct bitmap b = {0};

	(void)state;
	assert_int_equal(bitmap_longest(&b), REGION_PAGES);
	bitmap_fill(&b, 0, 3, true);
	bitmap_fill(&b, 60, 10, true);
	assert_int_equal(bitmap_find(&b, 4, 1), 3);
	assert_int_equal(bitmap_find(&b, 4, 4), 4);
	assert_int_equal(bitmap_find(&b, 57, 1), 3);
	assert_int_equal(bitmap_find(&b, 64, 64), 128);
	assert_int_equal(bitmap_find(&b, REGION_PAGES, 1), REGION_PAGES);
	assert_int_equal(bitmap_count(&b, 0, REGION_PAGES), 13);
	assert_int_equal(bitmap_count(&b, 62, 4), 4);
	assert_int_equal(bitmap_longest(&b), REGION_PAGES - 70);
	assert_int_equal(bitmap_run_start(&b, 3), 3);
	assert_int_equal(bitmap_run_start(&b, 59), 3);
	assert_int_equal(bitmap_run_start(&b, 70), 70);
	assert_int_equal(bitmap_run_start(&b, REGION_PAGES - 1), 70);
	bitmap_fill(&b, 0, REGION_PAGES, true);
	assert_int_equal(bitmap_longest(&b), 0);
	assert_int_equal(bitmap_next(&b, 5, false), REGION_PAGES);
	assert_int_equal(bitmap_find(&b, 1, 1), REGION_PAGES);
}

static void test_page_map_knows_only_what_it_was_told(void **state)
{
	struct span *s = page_heap_alloc(4, 4, 1);
	int local;

	(void)state;
	assert_non_null(s);
	assert_int_equal(s->base % (4 * PAGE_SIZE), 0);
	page_map_set(s->base, 4, s, 1);
	assert_ptr_equal(page_map_span((void *)(s->base + 3 * PAGE_SIZE)), s);
	assert_int_equal(page_map_class((void *)(s->base + 4 * PAGE_SIZE - 1)), 1);
	assert_int_equal(page_map_class(&local), 0);
	assert_null(page_map_span(&local));
	assert_null(page_map_span(NULL));
	assert_int_equal(page_map_class((void *)UINTPTR_MAX), 0);
	page_heap_free(s, 4);
}

static void test_page_heap_merges_neighbours_and_gives_them_back(void **state)
{
	struct page_heap_stats before, full, after;
	struct span *s[1024];

	(void)state;
	(void)page_heap_release();
	page_heap_stats(&before);
	for (unsigned i = 0; i < 1024; i++) {
		s[i] = page_heap_alloc(5, 1, 1);
		assert_non_null(s[i]);
		memset((void *)s[i]->base, 1, s[i]->bytes);
	}
	page_heap_check();
	page_heap_stats(&full);
	assert_int_equal(full.used - before.used, 1024 * 5 * PAGE_SIZE);
	for (unsigned i = 0; i < 1024; i += 2)
		page_heap_free(s[i], 5);
	page_heap_check();
	for (unsigned i = 1; i < 1024; i += 2)
		page_heap_free(s[i], 5);
	page_heap_check();
	page_heap_stats(&after);
	assert_int_equal(after.used, before.used);
	/* at most max(1 MiB, a sixteenth) stays, by itself */
	assert_true(after.dirty <= (1 << 20) + after.peak / 16);
	/* and everything is one run again */
	s[0] = page_heap_alloc(REGION_PAGES, 1, 1);
	assert_non_null(s[0]);
	page_heap_stats(&full);
	assert_int_equal(full.mapped, after.mapped);
	page_heap_free(s[0], 0);
	(void)page_heap_release();
	page_heap_stats(&after);
	assert_int_equal(after.dirty, 0);
	page_heap_check();
}

/* Whether the kernel was told to make huge pages of the mapping at @p. */
static bool is_huge(uintptr_t p)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	char line[512];
	bool here = false, huge = false;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		uintptr_t from, to;

		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2)
			here = from <= p && p < to;
		else if (here && strncmp(line, "VmFlags:", 8) == 0)
			huge = strstr(line, " hg") != NULL;
	}
	fclose(f);
	return huge;
}

static void test_page_heap_wants_huge_pages_only_for_what_is_mostly_in_use(void **state)
{
	struct span *s[9];

	(void)state;
	(void)page_heap_release();
	s[0] = page_heap_alloc(REGION_PAGES, 1, 1); /* a region that is empty */
	assert_non_null(s[0]);
	page_heap_free(s[0], 0);
	for (unsigned i = 0; i < 8; i++) {
		s[i] = page_heap_alloc(REGION_PAGES / 8, REGION_PAGES / 8, 1);
		assert_ptr_equal(s[i]->region, s[0]->region);
		memset((void *)s[i]->base, 1, s[i]->bytes);
		if (i == 5)
			assert_false(is_huge(s[0]->base));
	}
	assert_true(is_huge(s[0]->base));
	for (unsigned i = 0; i < 5; i++)
		page_heap_free(s[7 - i], REGION_PAGES / 8);
	assert_false(is_huge(s[0]->base));
	for (unsigned i = 5; i < 8; i++)
		page_heap_free(s[7 - i], REGION_PAGES / 8);
	page_heap_check();
}

static void test_page_heap_is_no_larger_than_it_ever_had_to_be(void **state)
{
	static struct span *s[4096], *longer[1024];
	struct page_heap_stats full, after;

	(void)state;
	(void)page_heap_release();
	for (unsigned i = 0; i < 4096; i++)
		assert_non_null(s[i] = page_heap_alloc(8, 8, 1));
	page_heap_stats(&full);
	assert_int_equal(full.used, full.peak);
	for (unsigned i = 0; i < 4096; i += 2)
		page_heap_free(s[i], 8);
	/* half is free, in runs that are too short, of regions that may be huge pages */
	page_heap_stats(&after);
	assert_true(after.dirty > full.used / 4);
	for (unsigned i = 0; i < 1024; i++)
		assert_non_null(longer[i] = page_heap_alloc(16, 1, 1));
	page_heap_stats(&after);
	assert_int_equal(after.used, full.used);
	assert_true(after.used + after.dirty <= full.peak + full.peak / 32);
	page_heap_check();
	for (unsigned i = 0; i < 1024; i++)
		page_heap_free(longer[i], 16);
	for (unsigned i = 1; i < 4096; i += 2)
		page_heap_free(s[i], 8);
	(void)page_heap_release();
	page_heap_check();
}

static void test_page_heap_keeps_more_when_its_use_swings(void **state)
{
	static struct span *s[2048];
	struct page_heap_stats last;

	(void)state;
	for (unsigned swing = 0; swing < 8; swing++) {
		for (unsigned i = 0; i < 2048; i++) {
			assert_non_null(s[i] = page_heap_alloc(8, 1, 1));
			memset((void *)s[i]->base, 1, s[i]->bytes);
		}
		for (unsigned i = 0; i < 2048; i++)
			page_heap_free(s[i], 8);
	}
	page_heap_stats(&last);
	assert_in_range(last.dirty, 8 << 20, 36 << 20);
	(void)page_heap_release();
	page_heap_check();
}

static void test_page_heap_gives_addresses_back_and_takes_others(void **state)
{
	struct page_heap_stats before, after;
	struct span *s[8], *one;
	uintptr_t base;

	(void)state;
	page_heap_unmap();
	page_heap_check();
	page_heap_stats(&before);
	one = page_heap_alloc(1, 1, 1);
	assert_non_null(one);
	memset((void *)one->base, 1, PAGE_SIZE);
	for (unsigned i = 0; i < 8; i++) {
		assert_non_null(s[i] = page_heap_alloc(REGION_PAGES, 1, 1));
		memset((void *)s[i]->base, 1, s[i]->bytes);
	}
	base = s[7]->base;
	for (unsigned i = 0; i < 8; i++)
		page_heap_free(s[i], REGION_PAGES);
	page_heap_unmap();
	page_heap_check();
	page_heap_stats(&after);
	assert_true(after.mapped <= before.mapped + REGION_SIZE);
	assert_int_equal(after.dirty, before.dirty);
	assert_int_equal(msync((void *)base, PAGE_SIZE, MS_ASYNC), -1); /* nothing is there */
	assert_int_equal(*(char *)one->base, 1);
	for (unsigned i = 0; i < 8; i++) {
		assert_non_null(s[i] = page_heap_alloc(REGION_PAGES, 1, 1));
		for (size_t k = 0; k < s[i]->bytes; k += PAGE_SIZE)
			assert_int_equal(((char *)s[i]->base)[k], 0);
	}
	page_heap_check();
	for (unsigned i = 0; i < 8; i++)
		page_heap_free(s[i], 0);
	page_heap_free(one, 1);
	page_heap_check();
}

static void test_page_heap_resizes_where_there_is_room(void **state)
{
	struct span *a = page_heap_alloc(10, 1, 90);
	struct span *b;

	(void)state;
	assert_non_null(a);
	page_map_set(a->base, 1, a, 90);
	assert_true(page_heap_resize(a, 4, 90));
	b = page_heap_alloc(1, 1, 90);
	assert_true(page_heap_resize(a, 4, 91));
	assert_int_equal(page_map_class((void *)a->base), 91);
	if (b->base == a->base + 4 * PAGE_SIZE)
		assert_false(page_heap_resize(a, 5, 91));
	page_heap_free(b, 0);
	assert_true(page_heap_resize(a, 10, 90));
	assert_false(page_heap_resize(a, REGION_PAGES + 1, 90));
	page_heap_free(a, 10);
	page_heap_check();
}

static void test_page_heap_randomly_stays_consistent(void **state)
{
	struct span *s[200] = {0};

	(void)state;
	srandom(7);
	for (int i = 0; i < 20000; i++) {
		struct span **p = &s[random() % 200];
		unsigned pages = 1 + (unsigned)random() % 64;
		unsigned align = 1U << (random() % 7);

		if (*p) {
			page_heap_free(*p, (unsigned)((*p)->bytes / PAGE_SIZE));
			*p = NULL;
		} else {
			*p = page_heap_alloc(pages, align, 1);
			assert_non_null(*p);
			assert_int_equal((*p)->base % (align * PAGE_SIZE), 0);
			*(volatile char *)((*p)->base + (*p)->bytes - 1) = 1;
		}
		if (i % 500 == 0)
			page_heap_check();
	}
	for (int i = 0; i < 200; i++)
		if (s[i])
			page_heap_free(s[i], 1);
	page_heap_check();
}

static void test_central_gives_and_takes_back_all_spans(void **state)
{
	(void)state;
	for (unsigned c = 1; c < CLASSES; c += 5) {
		struct object *head[8];
		unsigned n = 0;

		for (int i = 0; i < 8; i++) {
			unsigned got = central_take(c, size_classes[c].batch, &head[i]);

			assert_true(got >= 1 && got <= size_classes[c].batch);
			n += got;
			central_check(c);
		}
		assert_int_equal(centrals[c].n_objects - centrals[c].n_free, n);
		for (int i = 0; i < 8; i++) {
			central_give(c, head[i]);
			central_check(c);
		}
		assert_int_equal(centrals[c].n_objects, centrals[c].n_free);
		/* one may stay, if it is small */
		assert_true(centrals[c].n_spans <= (size_classes[c].span_bytes <= 32 << 10));
		central_trim(c);
		assert_int_equal(centrals[c].n_spans, 0);
	}
	page_heap_check();
}

static void give_one(unsigned c, struct object *o)
{
	object_set_next(o, NULL);
	central_give(c, o);
}

static void test_central_takes_from_the_fullest_span(void **state)
{
	enum { SPANS = 8, CAPACITY = 128 };
	unsigned c = size_class_of(64);
	struct object *object[SPANS][CAPACITY];

	(void)state;
	assert_int_equal(size_classes[c].span_bytes / 64, CAPACITY);
	for (unsigned i = 0; i < SPANS; i++)
		for (unsigned k = 0; k < CAPACITY; k++)
			assert_int_equal(central_take(c, 1, &object[i][k]), 1);
	assert_int_equal(centrals[c].n_spans, SPANS);
	/* The first keeps one object, the second two, the next 4 and so on; the last keeps all. */
	for (unsigned i = 0; i < SPANS; i++)
		for (unsigned k = 1U << i; k < CAPACITY; k++)
			give_one(c, object[i][k]);
	for (unsigned i = SPANS - 1; i-- > 0;)
		for (unsigned k = 1U << i; k < CAPACITY; k++) {
			assert_int_equal(central_take(c, 1, &object[i][k]), 1);
			assert_ptr_equal(page_map_span(object[i][k]), page_map_span(object[i][0]));
		}
	central_check(c);
	for (unsigned i = 0; i < SPANS; i++)
		for (unsigned k = 0; k < CAPACITY; k++)
			give_one(c, object[i][k]);
	central_trim(c);
	assert_int_equal(centrals[c].n_spans, 0);
}

static void test_central_tells_when_spans_are_worth_emptying(void **state)
{
	enum { SPANS = 20, CAPACITY = 128 };
	unsigned c = size_class_of(64);
	struct object *object[SPANS * CAPACITY];

	(void)state;
	for (unsigned i = 0; i < SPANS * CAPACITY; i++)
		assert_int_equal(central_take(c, 1, &object[i]), 1);
	for (unsigned i = 0; i < SPANS * CAPACITY; i++) {
		/* eight spans' worth are free */
		assert_int_equal(central_sparse(c), i >= 2 * 8 * CAPACITY);
		if (i % 2)
			give_one(c, object[i]);
		if (i == 2 * 8 * CAPACITY)
			break;
	}
	for (unsigned i = 0; i < SPANS * CAPACITY; i++)
		if (i % 2 == 0 || i > 2 * 8 * CAPACITY)
			give_one(c, object[i]);
	assert_false(central_sparse(c));
	central_trim(c);
	assert_int_equal(centrals[c].n_spans, 0);
}

static void test_transfer_cache_moves_whole_batches(void **state)
{
	unsigned c = size_class_of(64);
	struct object *batch[TRANSFER_SLOTS + 1];

	(void)state;
	assert_null(transfer_cache_get(c));
	for (unsigned i = 0; i <= TRANSFER_SLOTS; i++) {
		unsigned n = 0;

		batch[i] = NULL;
		while (n < size_classes[c].batch) {
			struct object *o;

			n += central_take(c, 1, &o);
			object_set_next(o, batch[i]);
			batch[i] = o;
		}
		assert_int_equal(transfer_cache_put(c, batch[i]), i < TRANSFER_SLOTS);
	}
	transfer_cache_check(c);
	assert_int_equal(transfer_cache_objects(c), TRANSFER_SLOTS * size_classes[c].batch);
	central_give(c, batch[TRANSFER_SLOTS]);
	assert_ptr_equal(transfer_cache_get(c), batch[TRANSFER_SLOTS - 1]);
	central_give(c, batch[TRANSFER_SLOTS - 1]);
	transfer_cache_drain(c);
	assert_int_equal(transfer_cache_objects(c), 0);
	central_trim(c);
	assert_int_equal(centrals[c].n_spans, 0);
}

static struct object *batch_new(unsigned c)
{
	struct object *batch = NULL;

	for (unsigned n = 0; n < size_classes[c].batch;) {
		struct object *o;

		n += central_take(c, 1, &o);
		object_set_next(o, batch);
		batch = o;
	}
	return batch;
}

static void test_transfer_caches_together_hold_a_bounded_number_of_bytes(void **state)
{
	(void)state;
	for (int round = 0; round < 2; round++) { /* what was taken away makes room again */
		size_t bytes = 0;

		for (unsigned c = 1; c < CLASSES && size_class_is_slab(c); c++) {
			struct object *batch;

			while (transfer_cache_put(c, batch = batch_new(c)))
				bytes += size_classes[c].batch * (size_t)size_classes[c].size;
			central_give(c, batch);
		}
		assert_in_range(bytes, 1 << 20, (2 << 20) + BATCH_BYTES);
		for (unsigned c = 1; c < CLASSES; c++) {
			transfer_cache_drain(c);
			central_trim(c);
			assert_int_equal(centrals[c].n_spans, 0);
		}
	}
}

static void test_secret_tells_nothing_of_those_of_libc(void **state)
{
	uint64_t half[2];
	uintptr_t secret = os_secret();

	(void)state;
	memcpy(half, (const void *)getauxval(AT_RANDOM), sizeof(half));
	assert_int_equal(secret, os_secret());
	for (int i = 0; i < 2; i++)
		assert_true(__builtin_popcountll(secret ^ half[i]) > 4);
}

static int setup(void **state)
{
	(void)state;
	object_key = 0x123456789abcdef1;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_secret_tells_nothing_of_those_of_libc),
		cmocka_unit_test(test_size_class_wastes_an_eighth_at_most),
		cmocka_unit_test(test_size_class_knows_where_objects_start),
		cmocka_unit_test(test_size_class_aligned_fits_both),
		cmocka_unit_test(test_bitmap_finds_runs_at_their_alignment),
		cmocka_unit_test(test_page_map_knows_only_what_it_was_told),
		cmocka_unit_test(test_page_heap_merges_neighbours_and_gives_them_back),
		cmocka_unit_test(test_page_heap_wants_huge_pages_only_for_what_is_mostly_in_use),
		cmocka_unit_test(test_page_heap_is_no_larger_than_it_ever_had_to_be),
		cmocka_unit_test(test_page_heap_keeps_more_when_its_use_swings),
		cmocka_unit_test(test_page_heap_gives_addresses_back_and_takes_others),
		cmocka_unit_test(test_page_heap_resizes_where_there_is_room),
		cmocka_unit_test(test_page_heap_randomly_stays_consistent),
		cmocka_unit_test(test_central_gives_and_takes_back_all_spans),
		cmocka_unit_test(test_central_takes_from_the_fullest_span),
		cmocka_unit_test(test_central_tells_when_spans_are_worth_emptying),
		cmocka_unit_test(test_transfer_cache_moves_whole_batches),
		cmocka_unit_test(test_transfer_caches_together_hold_a_bounded_number_of_bytes),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
