/* SPDX-License-Identifier: Apache-2.0 */
/*
 * span - records of spans and the arena for records: a pointer that moves, and a list of used ones.
 *
 * The arena maps without holding its lock; two threads that run out at once map twice, and the rest
 * of one mapping is lost (at most once per race, and its pages are never touched).
 */
#include "malloc/span.h"

#include <string.h>

#include "malloc/os.h"

#define NEXT_ARENA ((size_t)256 << 10)

struct lock span_lock;

static char *arena;
static size_t arena_left;
static size_t arena_taken; /* of all */
static struct span *spare_spans;

static void *arena_cut(size_t bytes)
{
	char *p;

	if (arena_taken == 0) { /* here, because initial values are a page of .data */
		arena = span_first_arena;
		arena_left = FIRST_ARENA;
	}
	if (bytes > arena_left)
		return NULL;
	p = arena;
	arena += bytes;
	arena_left -= bytes;
	arena_taken += bytes;
	return p;
}

void *span_arena(size_t bytes)
{
	size_t chunk = NEXT_ARENA;
	void *p;

	bytes = (bytes + 63) & ~(size_t)63;
	lock_take(&span_lock);
	p = arena_cut(bytes);
	lock_drop(&span_lock);
	if (p)
		return p;
	if (bytes > chunk)
		chunk = (bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
	p = os_map(chunk, PAGE_SIZE, 0);
	if (!p)
		return NULL;
	lock_take(&span_lock);
	arena = p;
	arena_left = chunk;
	p = arena_cut(bytes);
	lock_drop(&span_lock);
	return p;
}

size_t span_arena_bytes(void)
{
	size_t n;

	lock_take(&span_lock);
	n = arena_taken;
	lock_drop(&span_lock);
	return n;
}

struct span *span_new(void)
{
	struct span *s;

	lock_take(&span_lock);
	s = spare_spans;
	if (s)
		spare_spans = s->next;
	lock_drop(&span_lock);
	if (!s)
		return span_arena(sizeof(*s));
	memset(s, 0, sizeof(*s));
	return s;
}

void span_free(struct span *s)
{
	lock_take(&span_lock);
	s->next = spare_spans;
	spare_spans = s;
	lock_drop(&span_lock);
}
