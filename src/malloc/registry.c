/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry - the first allocation of the process, the first of a thread, its end, and fork.
 *
 * The very first allocation comes from the dynamic loader, before libc is ready. While this file
 * sets things up the thread has the direct cache, so that libc may itself allocate in between.
 * After a thread's cache was parked, what remains of its exit works directly on central.
 *
 * fork takes every lock in the order of malloc.h, so that the child finds all tiers at rest. The
 * handlers nest in nothing and count nothing, because several threads may fork at once: the second
 * one waits for the first lock.
 */
#include "malloc/registry.h"

#include <pthread.h>
#include <string.h>
#if defined(__GLIBC__) && __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#else
#define __libc_single_threaded false
#endif

#include "malloc/central.h"
#include "malloc/large.h"
#include "malloc/options.h"
#include "malloc/os.h"
#include "malloc/page_heap.h"
#include "malloc/transfer_cache.h"

uintptr_t object_key;

/* Who registers fork handlers; the shared library has no start files, which would have it. */
extern void *const __dso_handle __attribute__((visibility("hidden")));
void *const __dso_handle __attribute__((weak)) = NULL;

/* What only the loader writes to, where libtinymalloc.ld put it together. */
extern char loader_pages __attribute__((weak, visibility("hidden")));
extern char loader_pages_end __attribute__((weak, visibility("hidden")));

const struct thread_cache registry_empty[2];
struct lock registry_lock;
struct thread_cache *registry_all;

__thread struct thread_cache *thread_cache_self __attribute__((tls_model("initial-exec"))) =
	registry_none;
__thread struct registry_thread registry_thread __attribute__((tls_model("initial-exec")));

static struct thread_cache *parked;
static pthread_key_t exit_key; /* made by the second thread: one that is alone needs none */
static bool entered;           /* by some thread */
static bool watching;          /* fork knows of us */
static bool have_key;

static void thread_leave(void *cache)
{
	struct thread_cache *t = cache;

	thread_cache_retire(t);
	thread_cache_self = registry_direct;
	lock_take(&registry_lock);
	t->parked = true;
	t->next_parked = parked;
	parked = t;
	lock_drop(&registry_lock);
}

void registry_empty_parked(void)
{
	lock_take(&registry_lock);
	for (struct thread_cache *t = parked; t; t = t->next_parked)
		thread_cache_empty(t);
	lock_drop(&registry_lock);
}

static void locks_take(void)
{
	lock_take(&registry_lock);
	for (unsigned c = 1; c < CLASSES; c++)
		lock_take(&transfer_caches[c].lock);
	for (unsigned c = 1; c < CLASSES; c++)
		lock_take(&centrals[c].lock);
	lock_take(&large_lock);
	lock_take(&page_heap_lock);
	lock_take(&span_lock);
}

/* @done is lock_drop in the parent, lock_reset in the child. */
static void locks_end(void (*done)(struct lock *))
{
	done(&span_lock);
	done(&page_heap_lock);
	done(&large_lock);
	for (unsigned c = CLASSES - 1; c >= 1; c--)
		done(&centrals[c].lock);
	for (unsigned c = CLASSES - 1; c >= 1; c--)
		done(&transfer_caches[c].lock);
	done(&registry_lock);
}

static void fork_parent(void)
{
	locks_end(lock_drop);
}

static void fork_child(void)
{
	/* Their threads are gone, perhaps in the middle of a list: those objects are lost. */
	for (struct thread_cache *t = registry_all; t; t = t->next) {
		if (t == thread_cache_self || t->parked)
			continue;
		memset(t->head, 0, sizeof(t->head));
		memset(t->room, 0, sizeof(t->room));
		memset(t->limit, 0, sizeof(t->limit));
		memset(t->spare, 0, sizeof(t->spare));
		t->bytes = 0;
		t->parked = true;
		t->next_parked = parked;
		parked = t;
	}
	locks_end(lock_reset);
}

static void start(void)
{
	if (object_key)
		return;
	object_key = os_secret() | 1; /* odd: a link that a program cleared is found at once */
	if (&loader_pages)
		os_seal(&loader_pages, (uintptr_t)&loader_pages_end - (uintptr_t)&loader_pages);
	options_read();
}

/*
 * What asks to be called before fork later than we do, is called before us. So we ask at the very
 * first block: others may wait for locks then whose holders want memory, or want some themselves.
 */
static void fork_watch(void)
{
	if (MALLOC_ALONE || watching)
		return;
	watching = true;
	/* or fork is as unsafe as ever */
	(void)pthread_atfork(locks_take, fork_parent, fork_child);
}

void registry_start(void)
{
	start();
	fork_watch();
}

bool registry_alone(void)
{
	return MALLOC_ALONE || __libc_single_threaded;
}

/* A cache from the arena, entered in the list of all; NULL without memory. */
static struct thread_cache *cache_new(void)
{
	struct thread_cache *t = span_arena(sizeof(*t));

	if (!t)
		return NULL;
	t->key = object_key;
	lock_take(&registry_lock);
	t->next = registry_all;
	__atomic_store_n(&registry_all, t, __ATOMIC_RELAXED);
	lock_drop(&registry_lock);
	return t;
}

struct thread_cache *registry_enter(void)
{
	struct thread_cache *t = thread_cache_self;
	bool first, alone;

	if (likely(t != registry_none))
		return t;
	thread_cache_self = registry_direct;
	lock_take(&registry_lock);
	first = !entered;
	entered = true;
	alone = first && registry_alone();
	start();
	if (!MALLOC_ALONE && !alone && !have_key)
		have_key = pthread_key_create(&exit_key, thread_leave) == 0;
	t = parked;
	if (t) {
		parked = t->next_parked;
		t->parked = false;
	}
	lock_drop(&registry_lock);
	if (first)
		fork_watch();
	if (options.debug)
		return registry_direct;
	if (!t)
		t = cache_new();
	if (!t) {
		thread_cache_self = registry_none;
		return registry_direct;
	}
	thread_cache_self = t;
	/* The first thread ends with the process; if it does not, its cache is idle from then on.
	 */
	if (!MALLOC_ALONE && !alone && have_key)
		(void)pthread_setspecific(exit_key, t); /* else the thread's cache is lost */
	return t;
}
