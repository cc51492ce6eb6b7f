/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MALLOC_CENTRAL_H
#define MALLOC_CENTRAL_H

/*
 * central - the objects of each class that no thread holds, by the span they belong to.
 *
 * Spans with free objects are listed by how many are out, and the fullest gives first: so the
 * others can become empty. A span whose last object comes back goes to the page heap (of slabs up
 * to 32 KiB one stays for each class). Untouched objects of a span are cut only when nothing else
 * is free.
 */

#include "malloc/size_class.h"
#include "malloc/span.h"

#define CENTRAL_LISTS 16U

struct central {
	struct lock lock;
	struct span *list[CENTRAL_LISTS]; /* the last has the fullest spans */
	struct span *empty;               /* the one that is kept */
	size_t n_spans;
	size_t n_objects; /* in all spans */
	size_t n_free;    /* of them here, untouched ones too */
} __attribute__((aligned(64)));

extern struct central centrals[CLASSES];

/* Link up to @n objects of class @c into *@ret_head; returns how many, 0 without memory. */
unsigned central_take(unsigned c, unsigned n, struct object **ret_head);

/* Take back the linked objects from @head on, all of class @c. */
void central_give(unsigned c, struct object *head);

/* Whether a class that has grown large is now nearly unused. */
bool central_idle(unsigned c);

/* Whether so much of a class is free that its spans are worth being emptied one after another. */
bool central_sparse(unsigned c);

/* Make @s, a span that is one object in use, an object of class @c where it stands, if possible. */
bool central_resize(struct span *s, unsigned c);

/* Give the empty spans to the page heap. */
void central_trim(unsigned c);

void central_check(unsigned c);

#endif
