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

#include <assert.h>
#include <stdatomic.h>

#include "malloc/malloc.h"

#define LEAF_SHIFT 32U
#define LEAF_PAGES ((size_t)1 << (LEAF_SHIFT - PAGE_SHIFT))
#if defined(__x86_64__)
#define ADDRESS_BITS 47U
#else
#define ADDRESS_BITS 48U
#endif
#define ROOT_SIZE  ((size_t)1 << (ADDRESS_BITS - LEAF_SHIFT))
#define FIRST_NEAR ((size_t)1536)
/* More for the small tinyrun, which soon ends and does not come to miss what stays unused here. */
#define FIRST_FAR ((size_t)(MALLOC_ALONE ? 252 : 124) << 10)

struct span;

struct page_map_leaf {
	uint8_t class[LEAF_PAGES];
	struct span *span[LEAF_PAGES];
};

/*
 * Every process looks at the first word of the root, to free(NULL), and at the last 2 KiB, since
 * the kernel maps near the top of the address space. So that these cost no page of their own, the
 * first blocks of the process (first.h) lie before and behind it, and whoever links the library
 * puts the variables that are always used before all of that.
 */
struct page_map {
	char near[FIRST_NEAR];
	char gap[64]; /* a program that writes a little too far must not meet the root */
	struct page_map_leaf *_Atomic root[ROOT_SIZE];
	char far[FIRST_FAR] __attribute__((aligned(16)));
};

extern struct page_map page_map HIDDEN;

static inline struct page_map_leaf *page_map_leaf(const void *p)
{
	struct page_map_leaf *_Atomic *root = page_map.root;
	uintptr_t i = (uintptr_t)p >> LEAF_SHIFT;

	if (unlikely(i >= ROOT_SIZE))
		return NULL;
	return atomic_load_explicit(&root[i], memory_order_acquire);
}

/* Which entry of its leaf is that of @p. The lower half of it: an instruction less than % takes. */
static inline size_t page_map_entry(const void *p)
{
	static_assert(LEAF_SHIFT == 32, "the lower half of an address is what its leaf covers");
	return (uint32_t)(uintptr_t)p >> PAGE_SHIFT;
}

static inline size_t page_map_leaf_class(const struct page_map_leaf *leaf, const void *p)
{
	return __atomic_load_n(&leaf->class[page_map_entry(p)], __ATOMIC_RELAXED);
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
	return __atomic_load_n(&leaf->span[page_map_entry(p)], __ATOMIC_RELAXED);
}

/* Make room for the entries of [@base, @base + @bytes). False without memory. */
bool page_map_prepare(uintptr_t base, size_t bytes);

/* Enter or (@s NULL) clear @pages pages from @base on; they were prepared. */
void page_map_set(uintptr_t base, size_t pages, struct span *s, unsigned class);

#endif
