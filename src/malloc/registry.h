/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MALLOC_REGISTRY_H
#define MALLOC_REGISTRY_H

/*
 * registry - which thread has which cache: entering, leaving, forking.
 *
 * Caches are never freed. A thread that ends empties its own (but for a little) and parks it; the
 * next thread takes it over. In a forked child the caches of the threads that are gone are cleared
 * and parked.
 */

#include "malloc/lock.h"
#include "malloc/thread_cache.h"

/* Two caches that are empty for ever: of a thread that has not asked yet, and of one without. */
extern const struct thread_cache registry_empty[2];
#define registry_none   ((struct thread_cache *)&registry_empty[0])
#define registry_direct ((struct thread_cache *)&registry_empty[1])

extern struct lock registry_lock;

/* All caches; under registry_lock. */
extern struct thread_cache *registry_all;

/*
 * The secret, the options and what fork calls, before the first block, by the only thread; called
 * again it does nothing.
 */
void registry_start(void);

/* What is to be known of a thread beside its cache. */
struct registry_thread {
	bool for_exit;        /* it wants a block, perhaps for libc's list of exit functions */
	uint8_t direct_frees; /* blocks that it freed without a cache */
};

extern __thread struct registry_thread registry_thread __attribute__((tls_model("initial-exec")));

/* Whether it is known that the process has one thread. */
bool registry_alone(void);

/* The cache of this thread, made if need be, or registry_direct. */
struct thread_cache *registry_enter(void);

/* Empty the caches that wait for a thread. */
void registry_empty_parked(void);

#endif
