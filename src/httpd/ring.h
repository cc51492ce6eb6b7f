/* SPDX-License-Identifier: Apache-2.0 */
/* ring - a doubly linked list through its elements; one that stands alone is linked to itself. */
#ifndef HTTPD_RING_H
#define HTTPD_RING_H

#include <stdbool.h>
#include <stddef.h>

struct ring {
	struct ring *prev, *next;
};

#define ring_entry(ring, type, member) ((type *)((char *)(ring)-offsetof(type, member)))

static inline void ring_init(struct ring *r)
{
	r->prev = r->next = r;
}

static inline bool ring_empty(const struct ring *r)
{
	return r->next == r;
}

/* Does nothing to one that stands alone. */
static inline void ring_remove(struct ring *r)
{
	r->prev->next = r->next;
	r->next->prev = r->prev;
	ring_init(r);
}

static inline void ring_add_last(struct ring *head, struct ring *r)
{
	r->prev = head->prev;
	r->next = head;
	head->prev->next = r;
	head->prev = r;
}

/* Moves all of @from to @to, which is overwritten. */
static inline void ring_take(struct ring *to, struct ring *from)
{
	ring_init(to);
	if (ring_empty(from))
		return;
	*to = *from;
	to->next->prev = to->prev->next = to;
	ring_init(from);
}

#endif
