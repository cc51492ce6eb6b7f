/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MALLOC_FIRST_H
#define MALLOC_FIRST_H

/*
 * first - the first blocks of a process, before it has shown that it wants more.
 *
 * A program that makes a few hundred blocks and ends would pay a page fault for each table of each
 * tier and for each size, which is more than it does with the memory. So the first FIRST_BLOCKS
 * blocks of up to 64 KiB are cut off one piece of the library's own bss, all sizes beside each
 * other, as long as there is one thread: no lock, no mapping, and two pages that every process
 * touches (page_map.h says what else lies there).
 *
 * A block has a head with its class, sealed with its address and the secret: what is freed twice,
 * was never ours or has its head written over is found. When the process goes on to the other tiers
 * the piece is closed: what is freed later is marked as free, and stays.
 */

#include "malloc/size_class.h"

#define FIRST_BLOCKS  1024U
#define FIRST_CLASSES 81U /* of up to 64 KiB: opendir() takes more than 32 */

/* Whether the other tiers give everything from now on. */
extern bool first_closed;

static inline bool first_is_closed(void)
{
	return __atomic_load_n(&first_closed, __ATOMIC_RELAXED);
}

static inline void first_close(void)
{
	__atomic_store_n(&first_closed, true, __ATOMIC_RELAXED);
}

/* A block of class @c; NULL: the other tiers have to give it. Not when closed. */
void *first_take(unsigned c);

/* Whether @p lies in the piece. */
bool first_owns(const void *p);

/* Take back a block that lies in the piece. */
void first_give(void *p);

/* The size of such a block, after its head was checked; @what is being done with it. */
size_t first_size(const void *p, const char *what);

/* Bytes that the program holds of it. */
size_t first_in_use(void);

#endif
