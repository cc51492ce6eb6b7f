/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock - the slow halves: waiting for a held lock, and waking who waits.
 *
 * The critical sections are short, so a waiter first looks again a few times. With fewer cores than
 * threads the holder may not be running at all; then only the futex helps.
 */
#include "malloc/lock.h"

#include "malloc/os.h"

#define LOCK_SPINS 60

static inline void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

void lock_wait(struct lock *l)
{
	for (int i = 0; i < LOCK_SPINS; i++) {
		unsigned expected = 0;

		if (atomic_load_explicit(&l->state, memory_order_relaxed) == 0 &&
		    atomic_compare_exchange_strong_explicit(
			    &l->state, &expected, 1, memory_order_acquire, memory_order_relaxed))
			return;
		pause_briefly();
	}
	while (atomic_exchange_explicit(&l->state, 2, memory_order_acquire) != 0)
		os_wait(&l->state, 2);
}

void lock_wake(struct lock *l)
{
	os_wake(&l->state);
}
