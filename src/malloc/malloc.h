/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MALLOC_MALLOC_H
#define MALLOC_MALLOC_H

/*
 * libtinymalloc - the picture, the lock order and the words that all tiers share.
 *
 *      api.c             malloc, free and the rest of the family; the fast path is inline here
 *       |
 *      thread_cache      a list and a spare per size class and thread; no locks, no atomics
 *       |    |   \
 *       |  first  \      the first blocks of a process, for which nothing else is started
 *       |          \
 *      transfer_cache \  one shelf of whole batches per size class, so that objects freed by one
 *       |             |  thread and wanted by another change hands in O(1)
 *      central        |  which objects of which span are free; a span that is all free goes down
 *       |             |
 *      page_heap    large     runs of pages out of 2 MiB regions; blocks beyond 256 KiB by mmap
 *       |             |
 *      span, page_map         what an address belongs to, for any address, in O(1)
 *       |
 *      os                     the kernel
 *
 * An object is a slot of a size class. A slab is a span of one class cut into objects; its size is
 * a power of two and it is aligned to it, so that an address alone says whether it is the start of
 * an object. From 32 KiB upwards a span is one object, and beyond 256 KiB a mapping of its own.
 *
 * Lock order, and also the order in which fork takes them (registry.c):
 *
 *      threads (registry)  <  transfer_cache[c]  <  central[c]  <  large  <  page_heap  <  span
 *
 * A tier's lock may be held while a later one is taken. No lock is held while the kernel maps
 * memory; no thread holds two locks of the same tier, except in fork.
 *
 * A process that allocates little must touch few pages: it has its first blocks from bss (first.h),
 * beside what every process needs (page_map.h); then the first objects of a size come from the next
 * coarser one (size_class_coarse()). No variable has an initial value other than zero, because
 * .data would be a page of its own. One that allocates nothing does not even touch the code of the
 * shared library (libtinymalloc.ld).
 *
 * A free object carries two words: the link to the next one, and a mark that depends on its
 * address. Both are mixed with a secret of this process. The mark is what finds a double free.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Of variables that malloc and free read: found without the table of what others may replace. */
#define HIDDEN __attribute__((visibility("hidden")))

#ifndef __has_feature /* clang's way to ask */
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define MALLOC_TSAN 1
#else
#define MALLOC_TSAN 0
#endif

/* 1 leaves out what finds misuse: only to measure what that costs (bench/malloc). */
#ifndef MALLOC_PLAIN
#define MALLOC_PLAIN 0
#endif

/* 1: for a program that never has a second thread, and need not find that out. */
#ifndef MALLOC_ALONE
#define MALLOC_ALONE 0
#endif

#define PAGE_SHIFT   12U
#define PAGE_SIZE    ((size_t)1 << PAGE_SHIFT)
#define REGION_SIZE  ((size_t)2 << 20)
#define REGION_PAGES ((unsigned)(REGION_SIZE >> PAGE_SHIFT))
#define MIN_ALIGN    ((size_t)16)

struct object {
	uintptr_t link; /* the next free object, mixed with the secret */
	uintptr_t mark; /* says that this object is free */
};

/* The secret; set once, before the first object is handed out. Threads hold a copy. */
extern uintptr_t object_key;

static inline struct object *object_next(const struct object *o)
{
	return (struct object *)(o->link ^ (MALLOC_PLAIN ? 0 : object_key));
}

static inline void object_set_next(struct object *o, const struct object *next)
{
	o->link = (uintptr_t)next ^ (MALLOC_PLAIN ? 0 : object_key);
}

static inline uintptr_t object_mark(const void *p, uintptr_t key)
{
	return (uintptr_t)p + key; /* a sum is one instruction, into a register of its own */
}

#endif
