/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MALLOC_TRANSFER_CACHE_H
#define MALLOC_TRANSFER_CACHE_H

/*
 * transfer_cache - a shelf for each size class, on which threads leave and find whole batches.
 *
 * A batch is a linked list that a thread filled up to the class's batch size, so putting it on the
 * shelf and taking it from there is one store under the shelf's lock, however long it is. All
 * shelves together hold a bounded number of bytes; what does not fit goes to central.
 */

#include "malloc/lock.h"
#include "malloc/size_class.h"

#define TRANSFER_SLOTS 6U

struct transfer_cache {
	struct lock lock;
	unsigned n;
	struct object *batch[TRANSFER_SLOTS];
} __attribute__((aligned(64)));

extern struct transfer_cache transfer_caches[CLASSES];

/* Leave a full batch; false when there is no room. */
bool transfer_cache_put(unsigned c, struct object *batch);

/* A full batch, or NULL. */
struct object *transfer_cache_get(unsigned c);

/* Give all batches of the class to central. */
void transfer_cache_drain(unsigned c);

/* Objects on the shelf. */
size_t transfer_cache_objects(unsigned c);

void transfer_cache_check(unsigned c);

#endif
