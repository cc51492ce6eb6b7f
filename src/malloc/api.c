/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api - malloc, free and their family: what POSIX and C say about sizes, alignments and errno.
 *
 * malloc and free of a small object are a few instructions and touch nothing shared: the class from
 * a table, the list from the thread's cache, one object on or off. All else is a call away.
 */
#include "malloc/api.h"

#include <errno.h>
#include <string.h>

#include "malloc/central.h"
#include "malloc/first.h"
#include "malloc/large.h"
#include "malloc/options.h"
#include "malloc/os.h"
#include "malloc/page_heap.h"
#include "malloc/page_map.h"
#include "malloc/registry.h"
#include "malloc/thread_cache.h"
#include "malloc/transfer_cache.h"
#include <tinymalloc.h>

#define EXPORT     __attribute__((visibility("default")))
#define KEEP_LONG  ((size_t)4 << 20) /* a block of up to this is not cut for half of it */
#define FILL_FREED 0xdf
#define EXIT_LIST  ((size_t)512) /* glibc's list of exit functions is not smaller */

/*
 * A mapping. Where addresses are few (RLIMIT_AS), those of memory that is free elsewhere may be
 * what is missing.
 */
static void *large_get(size_t n, size_t align, bool *ret_zero)
{
	void *p;

	(void)registry_enter(); /* the environment is read before the first block */
	stats_ask();
	p = large_alloc(n, align, ret_zero);
	if (p || (n | align) >> ADDRESS_BITS)
		return p;
	thread_cache_gather();
	(void)large_release();
	page_heap_unmap();
	return large_alloc(n, align, ret_zero);
}

static __attribute__((noinline)) void *malloc_large(size_t n, size_t align)
{
	bool zero;

	return large_get(n, align, &zero);
}

static __attribute__((noinline)) void *malloc_medium(size_t n)
{
	if (unlikely(n > CLASS_SIZE_MAX))
		return malloc_large(n, PAGE_SIZE);
	return thread_cache_take(thread_cache_self, size_class_of(n));
}

void *api_malloc(size_t n)
{
	if (unlikely(n > SMALL_TABLE))
		return malloc_medium(n);
	return thread_cache_take(thread_cache_self, size_class_of(n));
}

static void fill(void *p, int byte, size_t n)
{
	if (n > sizeof(struct object))
		memset((char *)p + sizeof(struct object), byte, n - sizeof(struct object));
}

static __attribute__((noinline)) void free_slow(void *p)
{
	int saved = errno;
	unsigned c = page_map_class(p);
	struct span *s;

	if (!p)
		return;
	if (c == 0 && first_owns(p)) {
		first_give(p);
	} else if (c == 0) {
		s = large_find(p);
		if (!s)
			os_die("invalid free", p, 0);
		large_free(s);
	} else {
		struct object *o = p;

		if (!size_class_is_start(c, p))
			os_die("invalid free of the inside of an object", p, size_classes[c].size);
		if (!MALLOC_PLAIN && o->mark == object_mark(p, object_key))
			os_die("double free", p, size_classes[c].size);
		if (unlikely(options.debug))
			fill(p, FILL_FREED, size_classes[c].size);
		thread_cache_give(c, o);
	}
	errno = saved;
}

/* Have the line of @p ready for writing while its class is looked up. It never faults. */
static inline void prefetch(const void *p)
{
#if defined(__x86_64__)
	__asm__ volatile("prefetchw %0" : : "m"(*(const char *)p)); /* gcc's own is for reading */
#else
	__builtin_prefetch(p, 1);
#endif
}

void api_free(void *p)
{
	const struct page_map_leaf *leaf;

	prefetch(p);
	leaf = page_map_leaf(p);
	if (unlikely(!leaf) ||
	    unlikely(!thread_cache_put(thread_cache_self, page_map_leaf_class(leaf, p), p)))
		free_slow(p);
}

void api_free_sized(void *p, size_t n)
{
	(void)n; /* the page map knows better */
	api_free(p);
}

void api_free_aligned_sized(void *p, size_t align, size_t n)
{
	(void)align;
	(void)n;
	api_free(p);
}

void *api_calloc(size_t count, size_t size)
{
	size_t n;
	void *p;

	if (__builtin_mul_overflow(count, size, &n)) {
		errno = ENOMEM;
		return NULL;
	}
	registry_thread.for_exit = count == 1 && size >= EXIT_LIST;
	if (n <= CLASS_SIZE_MAX) {
		p = thread_cache_take(thread_cache_self, size_class_of(n));
		if (p)
			memset(p, 0, n);
	} else {
		bool zero;

		p = large_get(n, PAGE_SIZE, &zero);
		if (p && !zero)
			memset(p, 0, n);
	}
	registry_thread.for_exit = false;
	return p;
}

size_t api_usable_size(void *p)
{
	unsigned c = page_map_class(p);
	const struct span *s;

	if (likely(c))
		return size_classes[c].size;
	if (!p)
		return 0;
	if (first_owns(p))
		return first_size(p, "malloc_usable_size of what was not allocated");
	s = large_find(p);
	if (!s)
		os_die("malloc_usable_size of what was not allocated", p, 0);
	return s->bytes;
}

static void *realloc_move(void *p, size_t old, size_t n)
{
	int saved = errno;
	void *q = api_malloc(n);

	if (!q && n <= old) { /* what is to become smaller can stay, too */
		errno = saved;
		return p;
	}
	if (!q)
		return NULL;
	memcpy(q, p, old < n ? old : n);
	api_free(p);
	return q;
}

static void *realloc_large(void *p, size_t n)
{
	struct span *s = large_find(p);

	if (!s)
		os_die("invalid realloc", p, 0);
	if (n <= s->bytes && (n >= s->bytes / 2 || (s->bytes <= KEEP_LONG && n >= s->bytes / 4)))
		return p;
	if (n > CLASS_SIZE_MAX && !options.debug) {
		void *q = large_resize(s, n);

		/* The kernel moves no block of whose pages the program locked or advised a part. */
		if (q)
			return q;
	}
	return realloc_move(p, s->bytes, n);
}

void *api_realloc(void *p, size_t n)
{
	unsigned c = page_map_class(p);
	size_t old = size_classes[c].size;

	if (!p)
		return api_malloc(n);
	if (n == 0) {
		api_free(p);
		return NULL;
	}
	if (c == 0 && first_owns(p))
		old = first_size(p, "invalid realloc");
	else if (c == 0)
		return realloc_large(p, n);
	else if (unlikely(!size_class_is_start(c, p)))
		os_die("invalid realloc of the inside of an object", p, old);
	else if (!MALLOC_PLAIN && ((struct object *)p)->mark == object_mark(p, object_key))
		os_die("realloc after free", p, old);
	if (n <= old && (n >= old / 2 || old <= 2 * MIN_ALIGN))
		return p;
	/* a block of the first piece has no span, however large it is */
	if (c != 0 && n > SLAB_MAX && n <= CLASS_SIZE_MAX && old > SLAB_MAX &&
	    central_resize(page_map_span(p), size_class_of(n)))
		return p;
	return realloc_move(p, old, n);
}

void *api_reallocarray(void *p, size_t count, size_t size)
{
	size_t n;

	if (__builtin_mul_overflow(count, size, &n)) {
		errno = ENOMEM;
		return NULL;
	}
	return api_realloc(p, n);
}

static void *alloc_aligned(size_t align, size_t n)
{
	unsigned c;

	if (align <= MIN_ALIGN)
		return api_malloc(n);
	first_close(); /* its blocks are aligned to 16, no more */
	c = size_class_aligned(n, align);
	if (c)
		return thread_cache_take(thread_cache_self, c);
	return malloc_large(n > CLASS_SIZE_MAX ? n : CLASS_SIZE_MAX + 1, align);
}

static bool power_of_two(size_t n)
{
	return n > 0 && (n & (n - 1)) == 0;
}

void *api_aligned_alloc(size_t align, size_t n)
{
	if (!power_of_two(align)) {
		errno = EINVAL;
		return NULL;
	}
	return alloc_aligned(align, n);
}

int api_posix_memalign(void **ret, size_t align, size_t n)
{
	int saved = errno;
	void *p;

	if (!power_of_two(align) || align % sizeof(void *) != 0)
		return EINVAL;
	p = alloc_aligned(align, n);
	errno = saved;
	if (!p)
		return ENOMEM;
	*ret = p;
	return 0;
}

/* No standard has it; that of glibc takes any number, and so do programs that call it. */
void *api_memalign(size_t align, size_t n)
{
	size_t power = MIN_ALIGN;

	while (power && power < align)
		power *= 2;
	return api_aligned_alloc(power, n);
}

void *api_valloc(size_t n)
{
	return alloc_aligned(PAGE_SIZE, n);
}

void *api_pvalloc(size_t n)
{
	if (n > PTRDIFF_MAX) {
		errno = ENOMEM;
		return NULL;
	}
	return alloc_aligned(PAGE_SIZE, n ? (n + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1) : PAGE_SIZE);
}

EXPORT size_t tinymalloc_release(void)
{
	int saved = errno;
	size_t bytes;

	(void)registry_enter(); /* fork has to know of the locks that are taken here */
	thread_cache_gather();
	bytes = large_release() + page_heap_release();
	errno = saved;
	return bytes;
}

int api_trim(size_t pad)
{
	(void)pad;
	return tinymalloc_release() > 0;
}

int api_mallopt(int what, int value)
{
	(void)what; /* glibc's knobs have nothing to turn here */
	(void)value;
	return 1;
}
