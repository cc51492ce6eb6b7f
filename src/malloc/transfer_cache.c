/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transfer_cache - shelves of whole batches, last in first out.
 */
#include "malloc/transfer_cache.h"

#include <assert.h>

#include "malloc/central.h"

#define FEW_ABOVE      4096U      /* bytes of an object that has ... */
#define FEW_SLOTS      1U         /* ... a smaller shelf */
#define TRANSFER_BYTES (2L << 20) /* of all shelves together */

struct transfer_cache transfer_caches[CLASSES];

/* For a moment it may be too small, or below zero. */
static _Atomic long shelved;

static long batch_bytes(unsigned c)
{
	return (long)size_classes[c].batch * (long)size_classes[c].size;
}

bool transfer_cache_put(unsigned c, struct object *batch)
{
	struct transfer_cache *t = &transfer_caches[c];
	unsigned slots = size_classes[c].size > FEW_ABOVE ? FEW_SLOTS : TRANSFER_SLOTS;
	bool room;

	if (atomic_load_explicit(&shelved, memory_order_relaxed) >= TRANSFER_BYTES ||
	    __atomic_load_n(&t->n, __ATOMIC_RELAXED) >= slots)
		return false;
	lock_take(&t->lock);
	room = t->n < slots;
	if (room) {
		t->batch[t->n] = batch;
		__atomic_store_n(&t->n, t->n + 1, __ATOMIC_RELAXED);
	}
	lock_drop(&t->lock);
	if (room)
		atomic_fetch_add_explicit(&shelved, batch_bytes(c), memory_order_relaxed);
	return room;
}

struct object *transfer_cache_get(unsigned c)
{
	struct transfer_cache *t = &transfer_caches[c];
	struct object *batch = NULL;

	/* A small process has nothing on any shelf, and need not even look at this one's page. */
	if (atomic_load_explicit(&shelved, memory_order_relaxed) == 0 ||
	    __atomic_load_n(&t->n, __ATOMIC_RELAXED) == 0)
		return NULL;
	lock_take(&t->lock);
	if (t->n > 0) {
		__atomic_store_n(&t->n, t->n - 1, __ATOMIC_RELAXED);
		batch = t->batch[t->n];
	}
	lock_drop(&t->lock);
	if (batch)
		atomic_fetch_sub_explicit(&shelved, batch_bytes(c), memory_order_relaxed);
	return batch;
}

void transfer_cache_drain(unsigned c)
{
	struct object *batch;

	while ((batch = transfer_cache_get(c)))
		central_give(c, batch);
}

size_t transfer_cache_objects(unsigned c)
{
	return (size_t)__atomic_load_n(&transfer_caches[c].n, __ATOMIC_RELAXED) *
	       size_classes[c].batch;
}

void transfer_cache_check(unsigned c)
{
	struct transfer_cache *t = &transfer_caches[c];

	lock_take(&t->lock);
	assert(t->n <= TRANSFER_SLOTS);
	for (unsigned i = 0; i < t->n; i++) {
		unsigned n = 0;

		for (const struct object *o = t->batch[i]; o; o = object_next(o), n++) {
			assert(n < size_classes[c].batch);
			assert(o->mark == object_mark(o, object_key));
		}
		assert(n == size_classes[c].batch);
	}
	lock_drop(&t->lock);
}
