/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TINYMALLOC_H
#define TINYMALLOC_H

/*
 * libtinymalloc - a thread-caching allocator. Linked or preloaded, it serves malloc, free and their
 * family; this header is what it offers beyond them. See tinymalloc(3).
 */

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TINYMALLOC_CLASSES 96

/* Objects of one size, by where they are. */
struct tinymalloc_class {
	size_t size;
	size_t objects;  /* handed out by the central lists: in use or in a cache */
	size_t thread;   /* of them in the caches of threads */
	size_t transfer; /* of them on the transfer shelf */
	size_t central;  /* free in spans */
	size_t spans;
};

struct tinymalloc_stats {
	size_t in_use;         /* bytes of objects and blocks that the program holds */
	size_t first;          /* of them in the first blocks of the process */
	size_t thread_bytes;   /* bytes in the caches of threads */
	size_t transfer_bytes; /* bytes on the transfer shelves */
	size_t central_bytes;  /* bytes free in spans */
	size_t heap_mapped;    /* bytes of regions of the page heap */
	size_t heap_used;      /* of them in spans */
	size_t heap_peak;      /* the most that was in spans */
	size_t heap_dirty;     /* free, and not given back to the kernel */
	size_t heap_released;  /* given back so far */
	size_t large_blocks;   /* blocks that are mappings */
	size_t large_bytes;
	size_t large_cached; /* freed ones that wait to be used again */
	size_t metadata;     /* bytes of records */
	unsigned threads;    /* caches in use */
	unsigned parked;     /* caches whose thread has ended */
	struct tinymalloc_class classes[TINYMALLOC_CLASSES];
};

/*
 * Fill *stats. Other threads may run meanwhile, so the numbers need not agree to the byte.
 */
void tinymalloc_stats(struct tinymalloc_stats *stats);

/* Write the statistics to the descriptor as a table. */
void tinymalloc_stats_print(int fd);

/*
 * Give back to the kernel what is free: this thread's cache, the shelves, all free pages. Returns
 * how many bytes. The caches of other threads stay.
 */
size_t tinymalloc_release(void);

#ifdef __cplusplus
}
#endif

#endif
