/* SPDX-License-Identifier: Apache-2.0 */
/*
 * size_class - the table, computed by the compiler from the sizes alone.
 *
 * For a size between two powers of two P and 2P a slab is 16 P, so that it has at least eight
 * objects, and 8 KiB at the least. Above 1 KiB it is half of that where it then loses a tenth or
 * less at its end: slabs of few objects are more often wholly free. A batch is 64 KiB of objects,
 * at most 512 of them, and half as much above 1 KiB. For an object that is a span of its own the
 * stride is a page, and only the first page of the span has its class.
 */
#include "malloc/size_class.h"

#include <assert.h>

/* clang-format off */
#define EIGHT(s)                                                                                   \
	((s) <= 1024 ? 8192 : (s) <= 2048 ? 16384 : (s) <= 4096 ? 32768 : (s) <= 8192 ? 65536      \
	 : (s) <= 16384 ? 131072 : 262144)
#define FOUR(s)   (EIGHT(s) / 2)
#define SLAB(s)   ((s) > 1024 && (FOUR(s) % (s)) * 10 <= FOUR(s) ? FOUR(s) : EIGHT(s))
#define SPAN(s)   ((s) <= SLAB_MAX ? SLAB(s) : (s))
#define STRIDE(s) ((s) <= SLAB_MAX ? (s) : PAGE_SIZE)
#define MASK(s)   ((s) <= SLAB_MAX ? SLAB(s) - 1 : PAGE_SIZE - 1)
#define BATCH(s)                                                                                   \
	(BATCH_BYTES / (s) > BATCH_MAX ? BATCH_MAX                                                 \
	 : (s) <= 1024 ? BATCH_BYTES / (s)                                                         \
	 : BATCH_BYTES / 2 / (s) < 1 ? 1 : BATCH_BYTES / 2 / (s))

#define CLASS(s) {(s), (uint32_t)BATCH(s), SPAN(s)},
#define MAGIC(s)    1 + UINT64_MAX / STRIDE(s),
#define MASK_ROW(s) MASK(s),
#define DOUBLING(X, p)                                                                             \
	X((p) / 8 * 9) X((p) / 8 * 10) X((p) / 8 * 11) X((p) / 8 * 12) X((p) / 8 * 13)             \
	X((p) / 8 * 14) X((p) / 8 * 15) X((p) * 2)
#define SIZES(X)                                                                                   \
	X(16) X(32) X(48) X(64) X(80) X(96) X(112) X(128)                                          \
	DOUBLING(X, 128) DOUBLING(X, 256) DOUBLING(X, 512) DOUBLING(X, 1024) DOUBLING(X, 2048)     \
	DOUBLING(X, 4096) DOUBLING(X, 8192) DOUBLING(X, 16384) DOUBLING(X, 32768)                  \
	DOUBLING(X, 65536) DOUBLING(X, 131072)

const struct size_class size_classes[CLASSES] = {{0, 0, 0}, SIZES(CLASS)};

const struct size_class_starts size_class_starts = {{0, SIZES(MAGIC)}, {0, SIZES(MASK_ROW)}};

const uint8_t size_class_small[SMALL_TABLE / MIN_ALIGN + 1] = {
	1,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16,
	17, 17, 18, 18, 19, 19, 20, 20, 21, 21, 22, 22, 23, 23, 24, 24,
	25, 25, 25, 25, 26, 26, 26, 26, 27, 27, 27, 27, 28, 28, 28, 28,
	29, 29, 29, 29, 30, 30, 30, 30, 31, 31, 31, 31, 32, 32, 32, 32,
};

#define COUNT(s) +1
#define PROMISE(s)                                                                                 \
	static_assert((s) % MIN_ALIGN == 0, "objects are aligned to 16");                          \
	static_assert((s) > SLAB_MAX || (SPAN(s) % (s)) * 8 <= SPAN(s), "a slab wastes an eighth");\
	static_assert((s) > SLAB_MAX || SPAN(s) / (s) >= 4, "a slab has four objects");            \
	static_assert((s) <= SLAB_MAX || (s) % PAGE_SIZE == 0, "a span is whole pages");
static_assert(1 SIZES(COUNT) == CLASSES, "CLASSES counts the table");
SIZES(PROMISE)
/* clang-format on */

unsigned size_class_aligned(size_t n, size_t align)
{
	/* A slab is aligned to its size, other spans to a page. */
	size_t most = align > PAGE_SIZE ? SLAB_MAX : CLASS_SIZE_MAX;

	if (n < align)
		n = align;
	if (n > most)
		return 0;
	for (unsigned c = size_class_of(n); c < CLASSES && size_classes[c].size <= most; c++)
		if (size_classes[c].size % align == 0)
			return c;
	return 0;
}

void size_class_check(void)
{
	assert(size_classes[CLASSES - 1].size == CLASS_SIZE_MAX);
	for (unsigned c = 1; c < CLASSES; c++) {
		const struct size_class *k = &size_classes[c];

		assert(size_class_of(k->size) == c);
		assert(size_class_of(size_classes[c - 1].size + 1) == c);
		assert(k->size <= 128 || (k->size - size_classes[c - 1].size) * 8 <= k->size);
		assert(k->batch >= 1 && k->batch <= BATCH_MAX);
		assert(size_class_coarse(c) >= c);
		assert(size_class_coarse(size_class_coarse(c)) == size_class_coarse(c));
	}
}
