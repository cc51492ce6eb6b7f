/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena - memory that is given back all at once.
 *
 * Chunks are cut from the front; a piece that is bigger than a quarter of a chunk gets its own, put
 * behind the one in use, so that the rest of that one is not lost.
 */
#include "tinyrun/buf.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_CHUNK ((size_t)16 << 10)
#define ARENA_ALIGN 16

struct arena_chunk {
	struct arena_chunk *next;
	size_t used, size;
	alignas(ARENA_ALIGN) char data[];
};

void arena_done(struct arena *a)
{
	struct arena_chunk *chunk = a->head;

	while (chunk) {
		struct arena_chunk *next = chunk->next;

		free(chunk);
		chunk = next;
	}
	*a = ARENA_INIT;
}

/* Not cleared as a whole: pages that no piece reaches are never touched. */
static struct arena_chunk *new_chunk(size_t size)
{
	struct arena_chunk *chunk = malloc(sizeof(*chunk) + size);

	if (chunk)
		*chunk = (struct arena_chunk){.size = size};
	return chunk;
}

static void *alloc_own_chunk(struct arena *a, size_t size)
{
	struct arena_chunk *chunk = new_chunk(size);

	if (!chunk)
		return NULL;
	chunk->used = size;
	if (a->head) {
		chunk->next = a->head->next;
		a->head->next = chunk;
	} else {
		a->head = chunk;
	}
	return memset(chunk->data, 0, size);
}

void *arena_alloc(struct arena *a, size_t size)
{
	struct arena_chunk *chunk = a->head;
	void *piece;

	if (size > PTRDIFF_MAX - sizeof(*chunk) - ARENA_ALIGN)
		return NULL;
	size = size ? (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1) : ARENA_ALIGN;
	if (size > ARENA_CHUNK / 4)
		return alloc_own_chunk(a, size);
	if (!chunk || chunk->size - chunk->used < size) {
		chunk = new_chunk(ARENA_CHUNK - sizeof(*chunk));
		if (!chunk)
			return NULL;
		chunk->next = a->head;
		a->head = chunk;
	}
	piece = chunk->data + chunk->used;
	chunk->used += size;
	return memset(piece, 0, size);
}

char *arena_strdup(struct arena *a, const char *s)
{
	size_t size = strlen(s) + 1;
	char *copy = arena_alloc(a, size);

	return copy ? memcpy(copy, s, size) : NULL;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n >= 0)
		text = arena_alloc(a, (size_t)n + 1);
	if (!text)
		return NULL;
	va_start(ap, fmt);
	(void)vsnprintf(text, (size_t)n + 1, fmt, ap); /* the room was measured above */
	va_end(ap);
	return text;
}
