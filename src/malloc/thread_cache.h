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
 * The first few requests of a thread for a size are served by a coarser class, because a page for
 * each class is much for a program that allocates little. A list starts with room for a few
 * objects, and its limit doubles each time it proves too small, up to a batch. The room of all
 * lists together is bounded; at that bound the lists that nobody took from since last time are
 * emptied (scavenging). Where a process has one thread and much of a class is free in spans that
 * are partly in use, its lists stay short, so that what is taken comes from the fullest spans. Of
 * objects above 64 KiB nothing is kept but the list.
 *
 * A thread without a cache has one that is empty and has no room, for ever (it is constant): "not
 * initialised yet", "exiting" and "debugging" are the ordinary slow path.
 */

#include "malloc/size_class.h"

struct thread_spare {
	struct object *head;
	uint32_t n;
	bool wanted; /* the list ran empty since the last scavenging */
};

/* The arrays have a row for each class, so that a row is found with the class as the index. */
struct thread_cache {
	uintptr_t key; /* object_key */
	struct object *head[CLASSES];
	int32_t room[CLASSES]; /* limit - objects; negative after a long list came from the shelf */
	uint32_t limit[CLASSES];
	struct thread_spare spare[CLASSES];
	uint8_t cold[COARSE_CLASSES]; /* requests for the class that a coarser one served */
	size_t bytes;                 /* what all lists and spares may hold */
	unsigned turns;               /* slow calls since the last scavenging */
	unsigned gives;               /* full lists since a list was empty */
	bool parked;                  /* belongs to no thread */
	struct thread_cache *next;    /* all caches */
	struct thread_cache *next_parked;
} __attribute__((aligned(64)));

extern __thread struct thread_cache *thread_cache_self __attribute__((tls_model("initial-exec")));

#define THREAD_CACHE_MAX ((size_t)4 << 20)

/* Bytes of room of one thread's cache; from the environment, or THREAD_CACHE_MAX. */
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

/*
 * Have the page heap get all that is free in this thread's cache and in what nobody owns: parked
 * caches, shelves, central lists. The caches of other threads stay.
 */
void thread_cache_gather(void);

/* Objects of class @c in the caches of all threads, about. */
size_t thread_cache_objects(unsigned c);

/* How many caches there are, and how many of them no thread uses. */
void thread_cache_count(unsigned *ret_all, unsigned *ret_parked);

/* The invariants of this thread's cache. */
void thread_cache_check(void);

_Noreturn void thread_cache_corrupted(const struct object *o, unsigned c);

/* How many objects are on the list of class @c; other threads may ask, too. */
static inline uint32_t thread_cache_n(const struct thread_cache *t, unsigned c)
{
	return t->limit[c] - (uint32_t)__atomic_load_n(&t->room[c], __ATOMIC_RELAXED);
}

/* One instruction, which gcc makes of a relaxed atomic only with an address of its own. */
static inline void thread_cache_set_room(struct thread_cache *t, size_t c, int32_t room)
{
#if MALLOC_TSAN
	__atomic_store_n(&t->room[c], room, __ATOMIC_RELAXED);
#else
	t->room[c] = room;
#endif
}

/* What thread_cache_set_room(t, c, t->room[c] + @more) does, in one instruction. */
static inline void thread_cache_more_room(struct thread_cache *t, size_t c, int32_t more)
{
#if defined(__x86_64__) && !MALLOC_TSAN
	__asm__("addl %1, %0" : "+m"(t->room[c]) : "i"(more) : "cc");
#else
	thread_cache_set_room(t, c, t->room[c] + more);
#endif
}

static inline void *thread_cache_take(struct thread_cache *t, size_t c)
{
	struct object *o = t->head[c];
	uintptr_t next;

	if (unlikely(!o))
		return thread_cache_refill((unsigned)c);
	next = o->link ^ (MALLOC_PLAIN ? 0 : t->key);
	if (!MALLOC_PLAIN && unlikely(next % MIN_ALIGN != 0))
		thread_cache_corrupted(o, (unsigned)c);
	t->head[c] = (struct object *)next;
	thread_cache_more_room(t, c, 1);
	if (!MALLOC_PLAIN)
		o->mark = 0;
	return o;
}

/*
 * Take @o back, whose page has class @c. False when it is no object, or free already, or cannot be
 * put on the list just so.
 */
static inline bool thread_cache_put(struct thread_cache *t, size_t c, struct object *o)
{
	uintptr_t mark = object_mark(o, t->key);

	if (unlikely(MALLOC_PLAIN ? c == 0 : !size_class_is_start(c, o)))
		return false;
	if (unlikely(t->room[c] <= 0) || (!MALLOC_PLAIN && unlikely(o->mark == mark)))
		return false;
	if (!MALLOC_PLAIN)
		o->mark = mark;
	o->link = (uintptr_t)t->head[c] ^ (MALLOC_PLAIN ? 0 : t->key);
	t->head[c] = o;
	thread_cache_more_room(t, c, -1);
	return true;
}

#endif
