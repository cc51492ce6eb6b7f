/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MALLOC_THREAD_CACHE_H
#define MALLOC_THREAD_CACHE_H

/*
 * thread_cache - what a thread may hand out and take back without asking anybody.
 *
 * For each size class a list of free objects, which malloc and free use, and a spare list that is
 * full or absent. An empty list is exchanged for the spare, a full one becomes the spare; only when
 * that does not help does a whole list go to, or come from, the shelf or central. So a list is
 * never walked to be divided.
 *
 * A list starts with room for a few objects, and its limit doubles each time it proves too small,
 * up to a batch. The room of all lists together is bounded; at that bound the lists that nobody
 * took from since last time are emptied (scavenging).
 *
 * A thread without a cache has one that is empty and has no room, for ever: "not initialised yet",
 * "exiting" and "debugging" are the ordinary slow path.
 */

#include "malloc/size_class.h"

struct thread_list {
	struct object *head;
	uint32_t n;
	uint32_t limit;
};

struct thread_spare {
	struct object *head;
	uint32_t n;
	bool wanted; /* the list ran empty since the last scavenging */
};

struct thread_cache {
	uintptr_t key; /* object_key */
	struct thread_list list[CLASSES];
	struct thread_spare spare[CLASSES];
	size_t room;               /* bytes that all lists and spares may hold */
	unsigned turns;            /* slow calls since the last scavenging */
	bool parked;               /* belongs to no thread */
	struct thread_cache *next; /* all caches */
	struct thread_cache *next_parked;
} __attribute__((aligned(64)));

extern __thread struct thread_cache *thread_cache_self __attribute__((tls_model("initial-exec")));

/* Bytes of room of one thread's cache; from the environment. */
extern size_t thread_cache_max;

/* An object of class @c when the list is empty; NULL with ENOMEM. */
void *thread_cache_refill(unsigned c);

/* Take @o back, an object of class @c, whatever state the thread is in. */
void thread_cache_give(unsigned c, struct object *o);

/* Empty @t, except for a little that the next thread can start with. */
void thread_cache_retire(struct thread_cache *t);

/* Empty @t, which is the caller's own or parked. */
void thread_cache_empty(struct thread_cache *t);

/* Empty the cache of this thread. */
void thread_cache_flush(void);

/* Objects of class @c in the caches of all threads, about. */
size_t thread_cache_objects(unsigned c);

/* How many caches there are, and how many of them no thread uses. */
void thread_cache_count(unsigned *ret_all, unsigned *ret_parked);

/* The invariants of this thread's cache. */
void thread_cache_check(void);

_Noreturn void thread_cache_corrupted(const struct object *o, unsigned c);

/* Counts are read by the statistics of other threads. */
static inline void thread_list_count(struct thread_list *l, uint32_t n)
{
	__atomic_store_n(&l->n, n, __ATOMIC_RELAXED);
}

static inline void *thread_cache_take(struct thread_cache *t, unsigned c)
{
	struct thread_list *l = &t->list[c];
	struct object *o = l->head;
	uintptr_t next;

	if (unlikely(!o))
		return thread_cache_refill(c);
	next = o->link ^ t->key;
	if (unlikely(next % MIN_ALIGN != 0))
		thread_cache_corrupted(o, c);
	l->head = (struct object *)next;
	thread_list_count(l, l->n - 1);
	o->mark = 0;
	return o;
}

/* False when the object cannot be put on the list just so. */
static inline bool thread_cache_put(struct thread_cache *t, unsigned c, struct object *o)
{
	struct thread_list *l = &t->list[c];
	uintptr_t mark = object_mark(o, t->key);

	if (unlikely(l->n >= l->limit) || unlikely(o->mark == mark))
		return false;
	o->link = (uintptr_t)l->head ^ t->key;
	o->mark = mark;
	l->head = o;
	thread_list_count(l, l->n + 1);
	return true;
}

#endif
