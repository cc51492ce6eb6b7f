/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page_map - the root table, and the leaves that are added to it when a region is mapped.
 *
 * Two threads that need the same new leaf both map one; the loser of the exchange unmaps his.
 */
#include "malloc/page_map.h"

#include <string.h>

#include "malloc/os.h"

struct page_map page_map __attribute__((aligned(64)));

static bool leaf_add(uintptr_t i)
{
	struct page_map_leaf *expected = NULL;
	struct page_map_leaf *leaf;

	if (i >= ROOT_SIZE)
		return false;
	if (atomic_load_explicit(&page_map.root[i], memory_order_acquire))
		return true;
	leaf = os_map(sizeof(*leaf), PAGE_SIZE, 0);
	if (!leaf)
		return false;
	if (!atomic_compare_exchange_strong(&page_map.root[i], &expected, leaf))
		os_unmap(leaf, sizeof(*leaf));
	return true;
}

bool page_map_prepare(uintptr_t base, size_t bytes)
{
	for (uintptr_t i = base >> LEAF_SHIFT; i <= (base + bytes - 1) >> LEAF_SHIFT; i++)
		if (!leaf_add(i))
			return false;
	return true;
}

void page_map_set(uintptr_t base, size_t pages, struct span *s, unsigned class)
{
	uint8_t number = (uint8_t)(class & 0xff);

	for (size_t i = 0; i < pages; i++) {
		uintptr_t p = base + i * PAGE_SIZE;
		struct page_map_leaf *leaf = page_map_leaf((void *)p);
		size_t at = page_map_entry((void *)p);

		__atomic_store_n(&leaf->span[at], s, __ATOMIC_RELAXED);
		__atomic_store_n(&leaf->class[at], number, __ATOMIC_RELAXED);
	}
}
