/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MALLOC_BITMAP_H
#define MALLOC_BITMAP_H

/*
 * bitmap - the pages of a region, one bit each: find, count, set and clear runs.
 */

#include "malloc/malloc.h"

#define BITMAP_WORDS (REGION_PAGES / 64)

struct bitmap {
	uint64_t word[BITMAP_WORDS];
};

static inline bool bitmap_get(const struct bitmap *b, unsigned i)
{
	return b->word[i / 64] >> (i % 64) & 1;
}

/* The first bit from @i on that is @value, or REGION_PAGES. */
static inline unsigned bitmap_next(const struct bitmap *b, unsigned i, bool value)
{
	uint64_t flip = value ? 0 : ~(uint64_t)0;
	uint64_t w;

	if (i >= REGION_PAGES)
		return REGION_PAGES;
	w = (b->word[i / 64] ^ flip) & (~(uint64_t)0 << (i % 64));
	for (i /= 64; w == 0; w = b->word[i] ^ flip)
		if (++i == BITMAP_WORDS)
			return REGION_PAGES;
	return i * 64 + (unsigned)__builtin_ctzll(w);
}

/* Where the run of clear bits starts that @i, a clear bit, belongs to. */
static inline unsigned bitmap_run_start(const struct bitmap *b, unsigned i)
{
	uint64_t w = b->word[i / 64] << (63 - i % 64);

	if (w)
		return i - (unsigned)__builtin_clzll(w) + 1;
	for (i -= i % 64; i > 0; i -= 64) {
		w = b->word[i / 64 - 1];
		if (w)
			return i - (unsigned)__builtin_clzll(w);
	}
	return 0;
}

static inline void bitmap_fill(struct bitmap *b, unsigned from, unsigned n, bool value)
{
	while (n > 0) {
		unsigned here = 64 - from % 64 < n ? 64 - from % 64 : n;
		uint64_t mask = (here == 64 ? ~(uint64_t)0 : ((uint64_t)1 << here) - 1)
				<< (from % 64);

		if (value)
			b->word[from / 64] |= mask;
		else
			b->word[from / 64] &= ~mask;
		from += here;
		n -= here;
	}
}

static inline unsigned bitmap_count(const struct bitmap *b, unsigned from, unsigned n)
{
	unsigned count = 0;

	while (n > 0) {
		unsigned here = 64 - from % 64 < n ? 64 - from % 64 : n;
		uint64_t mask = (here == 64 ? ~(uint64_t)0 : ((uint64_t)1 << here) - 1)
				<< (from % 64);

		count += (unsigned)__builtin_popcountll(b->word[from / 64] & mask);
		from += here;
		n -= here;
	}
	return count;
}

/* The first run of @n clear bits that starts at a multiple of @align, or REGION_PAGES. */
static inline unsigned bitmap_find(const struct bitmap *b, unsigned n, unsigned align)
{
	unsigned i = 0;

	for (;;) {
		unsigned start, end;

		i = bitmap_next(b, i, false);
		start = (i + align - 1) / align * align;
		if (start + n > REGION_PAGES)
			return REGION_PAGES;
		end = bitmap_next(b, i, true);
		if (start + n <= end)
			return start;
		i = end;
	}
}

/* The length of the longest run of clear bits. */
static inline unsigned bitmap_longest(const struct bitmap *b)
{
	unsigned longest = 0;

	for (unsigned i = bitmap_next(b, 0, false); i < REGION_PAGES;) {
		unsigned end = bitmap_next(b, i, true);

		if (end - i > longest)
			longest = end - i;
		i = bitmap_next(b, end, false);
	}
	return longest;
}

#endif
