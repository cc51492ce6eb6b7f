/* SPDX-License-Identifier: Apache-2.0 */
/*
 * central - spans of each size class: cutting them, filling them again, and letting them go.
 *
 * The page heap is called without the lock of the class, because it may ask the kernel for memory;
 * two threads that find nothing at once bring two spans, and both are used.
 */
#include "malloc/central.h"

#include <assert.h>

#include "malloc/os.h"
#include "malloc/page_heap.h"
#include "malloc/page_map.h"

#define IDLE_BYTES   ((size_t)128 << 10) /* a smaller class is not worth emptying */
#define KEEP_BYTES   ((size_t)32 << 10)  /* a larger slab is not kept when it is empty */
#define SPARSE_SPANS 8U                  /* what is free has to amount to so many spans, ... */
#define SPARSE_PART  6U                  /* ... and to such a part of all objects */

struct central centrals[CLASSES];

static unsigned span_available(const struct span *s)
{
	return s->n_free + (s->capacity - s->n_carved);
}

/* The list for spans of which @n objects are out: two lists to a doubling. */
static unsigned list_of(unsigned n)
{
	unsigned e, list;

	if (n < 3)
		return n ? n - 1 : 0;
	e = 31U - (unsigned)__builtin_clz(n);
	list = 2 * e - 1 + (n >> (e - 1) & 1);
	return list < CENTRAL_LISTS ? list : CENTRAL_LISTS - 1;
}

/* Put @s where its number of available objects wants it. */
static void relist(struct central *k, struct span *s)
{
	unsigned available = span_available(s);
	unsigned list = available > 0 ? list_of(s->capacity - available) : SPAN_UNLISTED;

	if (list == s->list)
		return;
	if (s->list != SPAN_UNLISTED)
		span_list_remove(&k->list[s->list], s);
	if (list != SPAN_UNLISTED)
		span_list_add(&k->list[list], s);
	s->list = (uint8_t)list;
}

static struct span *fullest(struct central *k)
{
	for (unsigned i = CENTRAL_LISTS; i-- > 0;)
		if (k->list[i])
			return k->list[i];
	return NULL;
}

static struct object *span_carve(struct span *s, unsigned c)
{
	struct object *o =
		(struct object *)(s->base + (size_t)s->n_carved++ * size_classes[c].size);

	o->mark = object_mark(o, object_key);
	return o;
}

/* Prepend up to @n objects of @s to @head; returns how many. */
static unsigned span_take(struct span *s, unsigned c, unsigned n, struct object **head)
{
	unsigned got = 0;
	struct object *list = *head;

	for (; got < n && s->free; got++) {
		struct object *o = s->free;

		s->free = object_next(o);
		if (unlikely((uintptr_t)s->free % MIN_ALIGN != 0))
			os_die("corrupted free object (written to after free)", o,
			       size_classes[c].size);
		object_set_next(o, list);
		list = o;
	}
	s->n_free -= got;
	*head = list;
	return got;
}

/*
 * The same with untouched objects: those that start on one page at most, because a page that the
 * program may never use is dearer than asking again.
 */
static unsigned span_cut(struct span *s, unsigned c, unsigned n, struct object **head)
{
	size_t size = size_classes[c].size;
	size_t left = PAGE_SIZE - (size_t)s->n_carved * size % PAGE_SIZE;
	size_t got = (left + size - 1) / size;

	if (got > n)
		got = n;
	if (got > s->capacity - s->n_carved)
		got = s->capacity - s->n_carved;
	for (size_t i = 0; i < got; i++) {
		struct object *o = span_carve(s, c);

		object_set_next(o, *head);
		*head = o;
	}
	return (unsigned)got;
}

static struct span *span_of_class(unsigned c)
{
	const struct size_class *k = &size_classes[c];
	unsigned pages = k->span_bytes >> PAGE_SHIFT;
	bool slab = size_class_is_slab(c);
	struct span *s = page_heap_alloc(pages, slab ? pages : 1, c);

	if (!s)
		return NULL;
	s->capacity = k->span_bytes / k->size;
	page_map_set(s->base, slab ? pages : 1, s, c);
	return s;
}

/* The counts are written under the lock, and read without it by those that ask how full it is. */
static void count(struct central *k, size_t objects, size_t available)
{
	__atomic_store_n(&k->n_objects, k->n_objects + objects, __ATOMIC_RELAXED);
	__atomic_store_n(&k->n_free, k->n_free + available, __ATOMIC_RELAXED);
}

static void adopt(struct central *k, struct span *s)
{
	k->n_spans++;
	count(k, s->capacity, s->capacity);
}

/* An object that is a span of its own: there are none of those that wait here. */
static unsigned take_span(unsigned c, struct object **ret_head)
{
	struct central *k = &centrals[c];
	struct span *s = span_of_class(c);

	if (!s)
		return 0;
	*ret_head = span_carve(s, c);
	object_set_next(*ret_head, NULL);
	lock_take(&k->lock);
	k->n_spans++;
	count(k, 1, 0);
	lock_drop(&k->lock);
	return 1;
}

unsigned central_take(unsigned c, unsigned n, struct object **ret_head)
{
	struct central *k = &centrals[c];
	unsigned got = 0;

	*ret_head = NULL;
	if (!size_class_is_slab(c))
		return take_span(c, ret_head);
	lock_take(&k->lock);
	while (got < n) {
		struct span *s = fullest(k);
		unsigned more;

		if (!s) {
			if (got)
				break;
			lock_drop(&k->lock);
			s = span_of_class(c);
			if (!s)
				return 0;
			lock_take(&k->lock);
			adopt(k, s);
		}
		if (!s->free && got)
			break;
		if (s == k->empty)
			k->empty = NULL;
		more = s->free ? span_take(s, c, n - got, ret_head) : span_cut(s, c, n, ret_head);
		count(k, 0, -(size_t)more);
		got += more;
		relist(k, s);
	}
	lock_drop(&k->lock);
	return got;
}

bool central_resize(struct span *s, unsigned c)
{
	unsigned old = s->class;

	if (!page_heap_resize(s, size_classes[c].span_bytes >> PAGE_SHIFT, c))
		return false;
	lock_take(&centrals[old].lock);
	centrals[old].n_spans--;
	count(&centrals[old], -(size_t)1, 0);
	lock_drop(&centrals[old].lock);
	lock_take(&centrals[c].lock);
	centrals[c].n_spans++;
	count(&centrals[c], 1, 0);
	lock_drop(&centrals[c].lock);
	return true;
}

/* Take an all-free span out of the class; the caller gives it to the page heap. */
static void disown(struct central *k, struct span *s)
{
	if (s->list != SPAN_UNLISTED)
		span_list_remove(&k->list[s->list], s);
	k->n_spans--;
	count(k, -(size_t)s->capacity, -(size_t)s->capacity);
}

static void spans_return(struct span *s)
{
	while (s) {
		struct span *next = s->next;
		size_t touched = (size_t)s->n_carved * size_classes[s->class].size;

		page_heap_free(s, (unsigned)((touched + PAGE_SIZE - 1) >> PAGE_SHIFT));
		s = next;
	}
}

static void object_give(struct span *s, struct object *o, unsigned c)
{
	if (unlikely(!s || s->class != c || s->n_free >= s->n_carved))
		os_die("corrupted free list", o, size_classes[c].size);
	object_set_next(o, s->free);
	s->free = o;
	s->n_free++;
}

void central_give(unsigned c, struct object *head)
{
	struct central *k = &centrals[c];
	struct span *gone = NULL;
	size_t n = 0;

	lock_take(&k->lock);
	while (head) {
		struct object *next = object_next(head);
		struct span *s = page_map_span(head);

		object_give(s, head, c);
		n++;
		head = next;
		if (s->n_free < s->n_carved) {
			relist(k, s);
		} else if (!k->empty && size_classes[c].span_bytes <= KEEP_BYTES) {
			relist(k, s);
			k->empty = s;
		} else if (s != k->empty) {
			disown(k, s);
			s->next = gone;
			gone = s;
		}
	}
	count(k, 0, n);
	lock_drop(&k->lock);
	spans_return(gone);
}

bool central_idle(unsigned c)
{
	struct central *k = &centrals[c];
	size_t n_objects = __atomic_load_n(&k->n_objects, __ATOMIC_RELAXED);
	size_t n_free = __atomic_load_n(&k->n_free, __ATOMIC_RELAXED);

	return n_objects * size_classes[c].size >= IDLE_BYTES && n_free >= n_objects / 8 * 7;
}

bool central_sparse(unsigned c)
{
	const struct size_class *k = &size_classes[c];
	size_t n_objects = __atomic_load_n(&centrals[c].n_objects, __ATOMIC_RELAXED);
	size_t n_free = __atomic_load_n(&centrals[c].n_free, __ATOMIC_RELAXED);

	return n_free >= n_objects / SPARSE_PART &&
	       n_free * k->size >= SPARSE_SPANS * (size_t)k->span_bytes;
}

void central_trim(unsigned c)
{
	struct central *k = &centrals[c];
	struct span *s;

	lock_take(&k->lock);
	s = k->empty;
	k->empty = NULL;
	if (s) {
		disown(k, s);
		s->next = NULL;
	}
	lock_drop(&k->lock);
	spans_return(s);
}

static void span_check(const struct span *s, unsigned c, unsigned list)
{
	unsigned n = 0;

	assert(s->class == c && s->list == list);
	assert(!s->next || s->next->prev == s);
	assert(s->n_carved <= s->capacity && s->n_free <= s->n_carved);
	for (const struct object *o = s->free; o; o = object_next(o), n++) {
		assert(o->mark == object_mark(o, object_key));
		assert(page_map_span(o) == s && size_class_is_start(c, o));
		assert(n < s->n_free);
	}
	assert(n == s->n_free);
}

void central_check(unsigned c)
{
	struct central *k = &centrals[c];
	size_t available = 0;

	lock_take(&k->lock);
	for (unsigned i = 0; i < CENTRAL_LISTS; i++) {
		assert(!k->list[i] || !k->list[i]->prev);
		for (const struct span *s = k->list[i]; s; s = s->next) {
			span_check(s, c, i);
			available += span_available(s);
		}
	}
	assert(available == k->n_free && k->n_free <= k->n_objects);
	lock_drop(&k->lock);
}
