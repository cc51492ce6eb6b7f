/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thread_cache - the slow half: lists that ran empty or full, limits, scavenging, flushing.
 */
#include "malloc/thread_cache.h"

#include <assert.h>
#include <errno.h>

#include "malloc/central.h"
#include "malloc/first.h"
#include "malloc/large.h"
#include "malloc/options.h"
#include "malloc/os.h"
#include "malloc/registry.h"
#include "malloc/transfer_cache.h"

#define FIRST_OBJECTS  8U
#define FIRST_BYTES    1024U
#define SCAVENGE_TURNS 32U /* slow calls between two scavengings, at least */
#define COLD_TIMES     16U
#define SPARE_MAX      ((size_t)64 << 10) /* bytes of an object */
#define SPARSE_TURNS   16U /* full lists in a row: the program does nothing but free */
#define RETIRE_OBJECTS 32U /* of a class, for the next thread */
#define RETIRE_BYTES   ((size_t)256 << 10)
#define DIRECT_FREES   16U /* of a thread that has no cache */

size_t thread_cache_max;

_Noreturn void thread_cache_corrupted(const struct object *o, unsigned c)
{
	os_die("corrupted free object (written to after free)", o, size_classes[c].size);
}

static uint32_t limit_first(unsigned c)
{
	uint32_t n = FIRST_BYTES / size_classes[c].size;

	return n > FIRST_OBJECTS ? FIRST_OBJECTS : n < 1 ? 1 : n;
}

static void limit_set(struct thread_cache *t, unsigned c, uint32_t limit)
{
	t->bytes -= 2 * (size_t)t->limit[c] * size_classes[c].size;
	t->bytes += 2 * (size_t)limit * size_classes[c].size;
	thread_cache_set_room(t, c, t->room[c] + (int32_t)(limit - t->limit[c]));
	t->limit[c] = limit;
}

/* The list of class @c is now the @n objects from @head on. */
static void list_set(struct thread_cache *t, unsigned c, struct object *head, uint32_t n)
{
	t->head[c] = head;
	thread_cache_set_room(t, c, (int32_t)(t->limit[c] - n));
}

static void list_flush(struct thread_cache *t, unsigned c)
{
	struct thread_spare *s = &t->spare[c];

	if (t->head[c])
		central_give(c, t->head[c]);
	if (s->head)
		central_give(c, s->head);
	s->head = NULL;
	s->n = 0;
	list_set(t, c, NULL, 0);
}

/* Empty the lists that nobody took from since last time; the others must prove themselves again. */
static void scavenge(struct thread_cache *t)
{
	t->turns = 0;
	for (unsigned c = 1; c < CLASSES; c++) {
		if (t->limit[c] > 0 && !t->spare[c].wanted) {
			list_flush(t, c);
			limit_set(t, c, 0);
		} else if (t->limit[c] > limit_first(c)) {
			limit_set(t, c, t->limit[c] / 2);
		}
		t->spare[c].wanted = false;
	}
}

/* Give the list of class @c more room; false when it has as much as it may have. */
static bool limit_grow(struct thread_cache *t, unsigned c)
{
	const struct size_class *k = &size_classes[c];
	uint32_t old = t->limit[c];
	uint32_t limit = old ? 2 * old : limit_first(c);

	if (old >= k->batch)
		return false;
	if (limit > k->batch)
		limit = k->batch;
	if (t->bytes + 2 * (size_t)(limit - old) * k->size > thread_cache_max && old > 0) {
		if (t->turns < SCAVENGE_TURNS)
			return false;
		scavenge(t);
		return false;
	}
	limit_set(t, c, limit);
	return true;
}

/*
 * What a thread frees and at once takes again never gets to central, which would take from the
 * fullest spans; so the others never become empty. Where many objects of a class are free, its
 * lists are therefore kept short, unless the program does nothing but free. Nor where there are
 * threads: neighbours in a cache line would have different owners, which costs more than it gives.
 */
static bool limit_squeeze(struct thread_cache *t, unsigned c)
{
	if (++t->gives >= SPARSE_TURNS || t->limit[c] == 0 || !registry_alone() ||
	    !central_sparse(c))
		return false;
	transfer_cache_drain(c);
	limit_set(t, c, 1);
	return true;
}

static void list_push(struct thread_cache *t, unsigned c, struct object *o)
{
	object_set_next(o, t->head[c]);
	o->mark = object_mark(o, object_key);
	t->head[c] = o;
	thread_cache_set_room(t, c, t->room[c] - 1);
}

/* Fill the empty list of class @c from the spare, the shelf or central; false without memory. */
static bool list_fill(struct thread_cache *t, unsigned c)
{
	struct thread_spare *s = &t->spare[c];
	struct object *head = s->head;
	uint32_t n = s->n;

	if (head) {
		s->head = NULL;
		s->n = 0;
	} else {
		t->gives = 0;
		(void)limit_grow(t, c);
		head = transfer_cache_get(c);
		n = head ? size_classes[c].batch
			 : central_take(c, t->limit[c] ? t->limit[c] : 1, &head);
	}
	list_set(t, c, head, n);
	return head;
}

static void *direct_take(unsigned c)
{
	struct object *o;

	if (central_take(c, 1, &o) == 0) {
		thread_cache_gather();
		(void)large_release();
		if (central_take(c, 1, &o) == 0)
			return NULL;
	}
	o->link = 0;
	o->mark = 0;
	return o;
}

static void *refill(unsigned c)
{
	struct thread_cache *t;
	void *p = first_is_closed() ? NULL : first_take(c);

	if (p)
		return p;
	t = registry_enter();
	if (t == registry_direct)
		return direct_take(c);
	if (c < COARSE_CLASSES && size_class_coarse(c) != c && t->cold[c] < COLD_TIMES) {
		t->cold[c]++;
		c = size_class_coarse(c);
	}
	t->turns++;
	__atomic_store_n(&t->spare[c].wanted, true,
			 __ATOMIC_RELEASE); /* before a read: one fault */
	if (!t->head[c] && !list_fill(t, c)) {
		/* What is free of other sizes may be what is missing. */
		thread_cache_gather();
		(void)large_release();
		if (!list_fill(t, c))
			return NULL;
	}
	return thread_cache_take(t, c);
}

void *thread_cache_refill(unsigned c)
{
	void *p = refill(c);

	stats_ask();
	return p;
}

/*
 * The list is full and may not grow: make it the spare, and let the spare go. Of large objects
 * there is no spare, as the page heap has better uses for so many pages.
 */
static void list_pass_on(struct thread_cache *t, unsigned c)
{
	struct thread_spare *s = &t->spare[c];

	if (size_classes[c].size > SPARE_MAX) {
		central_give(c, t->head[c]);
		list_set(t, c, NULL, 0);
		return;
	}
	if (s->head && (s->n != size_classes[c].batch || !transfer_cache_put(c, s->head)))
		central_give(c, s->head);
	s->head = t->head[c];
	s->n = thread_cache_n(t, c);
	list_set(t, c, NULL, 0);
}

/*
 * A class whose objects come back in numbers and are not asked for: nothing of it is kept, because
 * a few objects in a cache can keep many spans from being free.
 */
static bool list_retire(struct thread_cache *t, unsigned c)
{
	if (!central_idle(c))
		return false;
	if (t->spare[c].wanted) {
		t->spare[c].wanted = false;
		return false;
	}
	list_flush(t, c);
	transfer_cache_drain(c);
	limit_set(t, c, limit_first(c));
	return true;
}

/*
 * The cache of this thread for what it frees. When a thread has ended so far that it can no longer
 * park a cache, libc frees the stacks of others: who frees a few objects and never had any needs
 * none.
 */
static struct thread_cache *cache_to_give(void)
{
	if (thread_cache_self != registry_none || registry_thread.direct_frees == DIRECT_FREES)
		return registry_enter();
	registry_thread.direct_frees++;
	return registry_direct;
}

void thread_cache_give(unsigned c, struct object *o)
{
	struct thread_cache *t = cache_to_give();

	if (t == registry_direct) {
		object_set_next(o, NULL);
		o->mark = object_mark(o, object_key);
		central_give(c, o);
		return;
	}
	t->turns++;
	if (t->room[c] <= 0 && !list_retire(t, c) && (limit_squeeze(t, c) || !limit_grow(t, c)))
		list_pass_on(t, c);
	list_push(t, c, o);
}

void thread_cache_retire(struct thread_cache *t)
{
	size_t kept = 0;

	for (unsigned c = 1; c < CLASSES; c++) {
		size_t bytes = (size_t)thread_cache_n(t, c) * size_classes[c].size;

		if (!t->head[c] && !t->spare[c].head)
			continue;
		if (t->spare[c].head || thread_cache_n(t, c) > RETIRE_OBJECTS ||
		    kept + bytes > RETIRE_BYTES || central_idle(c))
			list_flush(t, c);
		else
			kept += bytes;
	}
}

void thread_cache_empty(struct thread_cache *t)
{
	for (unsigned c = 1; c < CLASSES; c++)
		list_flush(t, c);
}

void thread_cache_flush(void)
{
	struct thread_cache *t = thread_cache_self;

	if (t == registry_none || t == registry_direct)
		return;
	thread_cache_empty(t);
}

void thread_cache_gather(void)
{
	thread_cache_flush();
	registry_empty_parked();
	for (unsigned c = 1; c < CLASSES; c++) {
		transfer_cache_drain(c);
		central_trim(c);
	}
}

size_t thread_cache_objects(unsigned c)
{
	size_t n = 0;

	lock_take(&registry_lock);
	for (struct thread_cache *t = registry_all; t; t = t->next)
		n += thread_cache_n(t, c) + __atomic_load_n(&t->spare[c].n, __ATOMIC_RELAXED);
	lock_drop(&registry_lock);
	return n;
}

void thread_cache_count(unsigned *ret_all, unsigned *ret_parked)
{
	*ret_all = *ret_parked = 0;
	lock_take(&registry_lock);
	for (struct thread_cache *t = registry_all; t; t = t->next) {
		++*ret_all;
		*ret_parked += t->parked;
	}
	lock_drop(&registry_lock);
}

static void list_check(const struct object *o, uint32_t n, unsigned c)
{
	for (; o; o = object_next(o), n--) {
		assert(n > 0);
		assert(o->mark == object_mark(o, object_key) && size_class_is_start(c, o));
	}
	assert(n == 0);
}

void thread_cache_check(void)
{
	struct thread_cache *t = thread_cache_self;
	size_t bytes = 0;

	for (unsigned c = 1; c < CLASSES; c++) {
		list_check(t->head[c], thread_cache_n(t, c), c);
		list_check(t->spare[c].head, t->spare[c].n, c);
		assert(t->limit[c] <= size_classes[c].batch);
		bytes += 2 * (size_t)t->limit[c] * size_classes[c].size;
	}
	assert(bytes == t->bytes);
}
