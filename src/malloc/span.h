/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MALLOC_SPAN_H
#define MALLOC_SPAN_H

/*
 * span - the record of a run of pages, and the arena from which all records of the allocator come.
 *
 * Records are never given back to the kernel: they are few (one part in 200 of the memory) and used
 * again. The first ones come from the program's own bss, so that starting needs no mapping.
 */

#include "malloc/lock.h"
#include "malloc/malloc.h"

#define FIRST_ARENA ((size_t)30 << 10)

struct region;

struct span {
	uintptr_t base;
	size_t bytes; /* whole pages; of a large block without its guard page */
	struct span *next, *prev;
	struct region *region; /* NULL: a large block, which is a mapping of its own */
	struct object *free;   /* objects given back, linked */
	uint32_t n_free;       /* how many of them */
	uint32_t n_carved;     /* objects that were ever handed out; those behind are untouched */
	uint32_t capacity;     /* objects in the span */
	uint16_t class;
	uint8_t list;  /* in which of the lists of its class; SPAN_UNLISTED: in none */
	bool fresh;    /* its pages are known to be zero */
	size_t mapped; /* of a large block: bytes with its guard page */
};

#define SPAN_UNLISTED 0xff

/* A record, all zero; NULL without memory. */
struct span *span_new(void);
void span_free(struct span *s);

/* Memory for other records: zeroed, aligned to 64, for ever. NULL without memory. */
void *span_arena(size_t bytes);

/* Bytes that the arena has taken so far. */
size_t span_arena_bytes(void);

extern struct lock span_lock;
extern char span_first_arena[FIRST_ARENA];

/* Lists of spans: the first one, whose predecessor is NULL. */
static inline void span_list_add(struct span **first, struct span *s)
{
	s->next = *first;
	s->prev = NULL;
	if (*first)
		(*first)->prev = s;
	*first = s;
}

static inline void span_list_remove(struct span **first, struct span *s)
{
	if (s->prev)
		s->prev->next = s->next;
	else
		*first = s->next;
	if (s->next)
		s->next->prev = s->prev;
}

#endif
