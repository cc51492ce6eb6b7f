/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MALLOC_LOCK_H
#define MALLOC_LOCK_H

/*
 * lock - four bytes that make threads wait: spin for a moment, then sleep in the kernel.
 *
 * Not pthread_mutex: this one is all zero when free, is reset in a forked child by a store, and
 * costs one exchange each way. Values: 0 free, 1 held, 2 held and perhaps someone sleeps.
 */

#include <stdatomic.h>

#include "malloc/malloc.h"

struct lock {
	_Atomic unsigned state;
};

void lock_wait(struct lock *l);
void lock_wake(struct lock *l);

static inline void lock_take(struct lock *l)
{
	unsigned expected = 0;

	if (unlikely(!atomic_compare_exchange_strong_explicit(
		    &l->state, &expected, 1, memory_order_acquire, memory_order_relaxed)))
		lock_wait(l);
}

static inline void lock_drop(struct lock *l)
{
	if (unlikely(atomic_exchange_explicit(&l->state, 0, memory_order_release) == 2))
		lock_wake(l);
}

/* In a forked child, where nobody else is left to hold or want it. */
static inline void lock_reset(struct lock *l)
{
	atomic_store_explicit(&l->state, 0, memory_order_release);
}

#endif
