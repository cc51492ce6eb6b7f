/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MALLOC_LARGE_H
#define MALLOC_LARGE_H

/*
 * large - blocks beyond CLASS_SIZE_MAX, or with an alignment that no class has: one mapping each.
 *
 * Freed blocks up to 4 MiB wait on a short list, bounded in number and bytes, for a request that
 * fits them well enough; the others go back to the kernel at once. Growing moves pages, not bytes
 * (mremap), and takes an eighth more than was asked for: untouched, it costs only addresses.
 */

#include "malloc/span.h"

struct large_stats {
	size_t blocks; /* in use */
	size_t bytes;
	size_t cached; /* bytes that wait */
};

extern struct lock large_lock;

/* A block of at least @n bytes; *@ret_zero says that it is all zero. NULL: ENOMEM. */
void *large_alloc(size_t n, size_t align, bool *ret_zero);

/* The record of the block that starts at @p, or NULL. */
struct span *large_find(const void *p);

void large_free(struct span *s);

/* Make it @n bytes long, perhaps elsewhere; NULL with ENOMEM, and the block is as before. */
void *large_resize(struct span *s, size_t n);

/* Give the waiting blocks back to the kernel; returns how many bytes. */
size_t large_release(void);

void large_stats(struct large_stats *ret);
void large_check(void);

#endif
