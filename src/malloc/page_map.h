/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MALLOC_PAGE_MAP_H
#define MALLOC_PAGE_MAP_H

/*
 * page_map - from any address to its class and its span: two levels, no lock, no search.
 *
 * The root has a pointer for each 4 GiB of the address space, a leaf has a byte and a pointer for
 * each page. Leaves are mapped on demand and only their touched pages cost memory. A page that was
 * never ours, or whose object is not found by its class, has class 0.
 *
 * Entries of a span are written before its first object is handed out and after its last one came
 * back; who may free an object has got it from someone who saw them, so relaxed reads are enough.
 * When a mapping moves, its old address changes hands in the kernel.
 */

#include <stdatomic.h>

#include "malloc/malloc.h"

#define LEAF_SHIFT 32U
#define LEAF_PAGES ((size_t)1 << (LEAF_SHIFT - PAGE_SHIFT))
#if defined(__x86_64__)
#define ADDRESS_BITS 47U
#else
#define ADDRESS_BITS 48U
#endif
#define ROOT_SIZE   ((size_t)1 << (ADDRESS_BITS - LEAF_SHIFT))
#define FIRST_ARENA ((size_t)30 << 10)

struct span;

struct page_map_leaf {
	uint8_t class[LEAF_PAGES];
	struct span *span[LEAF_PAGES];
};

/*
 * The kernel maps near the top of the address space, so it is the end of the root that is used. The
 * first arena for records (span.h) follows it, so that they share a page.
 */
struct page_map {
	struct page_map_leaf *_Atomic root[ROOT_SIZE];
	atomic_flag first_leaf_taken;
	char arena[FIRST_ARENA] __attribute__((aligned(64)));
};

extern struct page_map page_map;
extern struct page_map_leaf page_map_first_leaf;

static inline struct page_map_leaf *page_map_leaf(const void *p)
{
	uintptr_t i = (uintptr_t)p >> LEAF_SHIFT;

	if (unlikely(i >= ROOT_SIZE))
		return NULL;
	return atomic_load_explicit(&page_map.root[i], memory_order_acquire);
}

static inline size_t page_map_leaf_class(const struct page_map_leaf *leaf, const void *p)
{
	return __atomic_load_n(&leaf->class[((uintptr_t)p >> PAGE_SHIFT) % LEAF_PAGES],
			       __ATOMIC_RELAXED);
}

/* The class of the objects on the page of @p, 0 when there is none. */
static inline unsigned page_map_class(const void *p)
{
	const struct page_map_leaf *leaf = page_map_leaf(p);

	return likely(leaf) ? (unsigned)page_map_leaf_class(leaf, p) : 0;
}

/* The span on whose registered pages @p lies, or NULL. */
static inline struct span *page_map_span(const void *p)
{
	const struct page_map_leaf *leaf = page_map_leaf(p);

	if (unlikely(!leaf))
		return NULL;
	return __atomic_load_n(&leaf->span[((uintptr_t)p >> PAGE_SHIFT) % LEAF_PAGES],
			       __ATOMIC_RELAXED);
}

/* Make room for the entries of [@base, @base + @bytes). False without memory. */
bool page_map_prepare(uintptr_t base, size_t bytes);

/* Enter or (@s NULL) clear @pages pages from @base on; they were prepared. */
void page_map_set(uintptr_t base, size_t pages, struct span *s, unsigned class);

#endif
