/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MALLOC_SIZE_CLASS_H
#define MALLOC_SIZE_CLASS_H

/*
 * size_class - which sizes exist: steps of 16 to 128, then eight to a doubling up to 256 KiB.
 *
 * So a request above 128 bytes wastes at most one part in eight. Class 0 is none: foreign memory,
 * large blocks, the inside of a span that is one object. Its row makes every check of
 * size_class_is_start() fail, which saves the fast path a comparison.
 */

#include <stdbool.h>

#include "malloc/malloc.h"

#define CLASSES        97U
#define COARSE_CLASSES 33U /* classes of up to 1024 bytes */
#define SMALL_TABLE    ((size_t)1024)
#define SLAB_MAX       ((size_t)32 << 10)  /* larger objects are spans of their own */
#define CLASS_SIZE_MAX ((size_t)256 << 10) /* larger blocks are mappings of their own */
#define BATCH_BYTES    ((size_t)64 << 10)
#define BATCH_MAX      512U

struct size_class {
	uint32_t size;  /* bytes of an object */
	uint32_t batch; /* objects that move at once between the tiers */
	uint32_t span_bytes;
};

/* What free wants to know: arrays, because an index times 8 is part of an instruction. */
struct size_class_starts {
	uint64_t magic[CLASSES]; /* 2^64 / stride, rounded up: finds multiples of the stride */
	uint64_t mask[CLASSES];  /* span bytes - 1, for the offset of an address in its span */
};

extern const struct size_class_starts size_class_starts HIDDEN;

extern const struct size_class size_classes[CLASSES];
extern const uint8_t size_class_small[SMALL_TABLE / MIN_ALIGN + 1] HIDDEN;

/*
 * The class from which the first few objects of class @c come, so that a process that allocates
 * little has pages of few classes: the next power of two from 32 to 1024.
 */
static inline unsigned size_class_coarse(unsigned c)
{
	if (c >= COARSE_CLASSES)
		return c;
	return c > 8 ? (c + 7) / 8 * 8 : c > 4 ? 8 : c > 2 ? 4 : 2;
}

/* The class of a request of @n <= CLASS_SIZE_MAX bytes. */
static inline unsigned size_class_of(size_t n)
{
	unsigned e;

	if (likely(n <= SMALL_TABLE))
		return size_class_small[(n + MIN_ALIGN - 1) / MIN_ALIGN];
	e = 63U - (unsigned)__builtin_clzl(n - 1);
	return (e - 7) * 8 + (unsigned)((n - 1) >> (e - 3)) + 1;
}

/* Whether @p can be the start of an object of class @c; never for class 0. */
static inline bool size_class_is_start(size_t c, const void *p)
{
	uint64_t magic = size_class_starts.magic[c];

	return ((uintptr_t)p & size_class_starts.mask[c]) * magic < magic;
}

static inline bool size_class_is_slab(unsigned c)
{
	return size_classes[c].size <= SLAB_MAX;
}

/* The smallest class that holds @n bytes at a multiple of @align, or 0. */
unsigned size_class_aligned(size_t n, size_t align);

void size_class_check(void);

#endif
