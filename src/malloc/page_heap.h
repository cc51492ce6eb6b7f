/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MALLOC_PAGE_HEAP_H
#define MALLOC_PAGE_HEAP_H

/*
 * page_heap - runs of pages, cut from regions of 2 MiB.
 *
 * A region is a bitmap of its 512 pages, so neighbours that are free are one run without any
 * merging. Regions are listed by their longest free run and the smallest that is long enough is
 * taken first: full regions fill up, empty ones stay empty and can be given back.
 *
 * A region that is mostly in use may become a huge page, until half of it is free.
 *
 * Return of memory: free pages that still hold memory ("dirty") are counted. When they pass
 * max(1 MiB, 1/32 of the most that was ever in use), they are given back to the kernel at once,
 * wholly free regions first, down to three quarters of that limit. A heap that swings between full
 * and empty is told by the released pages that it takes back: by so much the limit grows (to at
 * most 32 MiB or a quarter of the peak), and shrinks again when they are idle. Besides, while the
 * heap grows, pages that are free but of no use for what is asked go back as soon as they would
 * make it larger than it ever had to be.
 */

#include "malloc/span.h"

struct page_heap_stats {
	size_t mapped;   /* bytes of regions */
	size_t used;     /* bytes in spans */
	size_t peak;     /* the most that was in spans */
	size_t dirty;    /* free bytes that hold memory */
	size_t released; /* bytes given back so far */
	size_t regions;
};

extern struct lock page_heap_lock;

/* A span of @pages pages at a multiple of @align pages, entered in the page map; NULL: ENOMEM. */
struct span *page_heap_alloc(unsigned pages, unsigned align, unsigned class);

/* Take @s back; @dirty pages at its start were touched. */
void page_heap_free(struct span *s, unsigned dirty);

/* Make @s, a span that is one object, @pages long where it stands; false if there is no room. */
bool page_heap_resize(struct span *s, unsigned pages, unsigned class);

/* Give all free pages back to the kernel; returns how many bytes. */
size_t page_heap_release(void);

/* Give back the addresses of the free regions, too: for who needs long runs of them. */
void page_heap_unmap(void);

void page_heap_stats(struct page_heap_stats *ret);
void page_heap_check(void);

/* A percentage of the peak to keep, in place of the policy above; negative: the policy. */
extern unsigned page_heap_retain;

#endif
