/* SPDX-License-Identifier: Apache-2.0 */
/*
 * large - blocks that are mappings, and the list of those that wait to be used again.
 *
 * The list is an array in the order of arrival: the best fit is a scan of a few entries, and the
 * oldest are the first to go. A waiting block is not in the page map, so freeing it again is found.
 */
#include "malloc/large.h"

#include <assert.h>
#include <errno.h>

#include "malloc/options.h"
#include "malloc/os.h"
#include "malloc/page_map.h"

#define WAIT_SLOTS 16U
#define WAIT_BYTES ((size_t)8 << 20)
#define WAIT_BLOCK ((size_t)4 << 20) /* a larger block does not wait */

/*
 * How many times too long a block that is used again may be: to shorten it means to lose pages that
 * the next request wants, and a mapping that moves stops all threads.
 */
#define WAIT_SLACK 8U

struct lock large_lock;

static struct span *waiting[WAIT_SLOTS];
static unsigned n_waiting;
static size_t waiting_bytes, n_blocks, n_bytes;

static struct span *wait_remove(unsigned i)
{
	struct span *s = waiting[i];

	n_waiting--;
	waiting_bytes -= s->bytes;
	for (; i < n_waiting; i++)
		waiting[i] = waiting[i + 1];
	return s;
}

/*
 * The waiting block that is the least work to use for @bytes: the smallest that is long enough and
 * not too long, or else the longest of the others, whose pages at least are there already.
 */
static struct span *wait_take(size_t bytes)
{
	unsigned fits = WAIT_SLOTS, near = WAIT_SLOTS;
	struct span *s = NULL;

	lock_take(&large_lock);
	for (unsigned i = 0; i < n_waiting; i++) {
		size_t b = waiting[i]->bytes;

		if (b >= bytes && b <= WAIT_SLACK * bytes) {
			if (fits == WAIT_SLOTS || b < waiting[fits]->bytes)
				fits = i;
		} else if (near == WAIT_SLOTS || (b > waiting[near]->bytes && b < bytes)) {
			near = i;
		}
	}
	if (fits < WAIT_SLOTS || near < WAIT_SLOTS) {
		s = wait_remove(fits < WAIT_SLOTS ? fits : near);
		n_blocks++;
		n_bytes += s->bytes;
	}
	lock_drop(&large_lock);
	return s;
}

static void unmap(struct span *s)
{
	os_unmap((void *)s->base, s->mapped);
	span_free(s);
}

static void *map(size_t bytes, size_t align)
{
	size_t guard = options.debug ? PAGE_SIZE : 0;
	struct span *s = span_new();
	void *p;

	if (!s)
		return NULL;
	p = os_map(bytes + guard, align, 0);
	if (!p || !page_map_prepare((uintptr_t)p, PAGE_SIZE)) {
		if (p)
			os_unmap(p, bytes + guard);
		span_free(s);
		errno = ENOMEM;
		return NULL;
	}
	if (guard)
		os_guard((char *)p + bytes, guard);
	s->base = (uintptr_t)p;
	s->bytes = bytes;
	s->mapped = bytes + guard;
	page_map_set(s->base, 1, s, 0);
	lock_take(&large_lock);
	n_blocks++;
	n_bytes += bytes;
	lock_drop(&large_lock);
	return p;
}

/* Make the mapping @bytes long, or @least if that is too much to ask; NULL without memory. */
static void *large_move(struct span *s, size_t bytes, size_t least)
{
	size_t old = s->bytes;
	void *p;

	page_map_set(s->base, 1, NULL, 0);
	p = os_remap((void *)s->base, s->mapped, bytes);
	if (!p) {
		bytes = least;
		p = os_remap((void *)s->base, s->mapped, bytes);
	}
	if (p && !page_map_prepare((uintptr_t)p, PAGE_SIZE))
		os_die("no memory for the page map", p, 0); /* the old place is gone */
	if (p) {
		s->base = (uintptr_t)p;
		s->bytes = s->mapped = bytes;
	}
	page_map_set(s->base, 1, s, 0);
	lock_take(&large_lock);
	n_bytes += s->bytes - old;
	lock_drop(&large_lock);
	if (!p)
		errno = ENOMEM;
	return p;
}

void *large_alloc(size_t n, size_t align, bool *ret_zero)
{
	size_t bytes = (n + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
	struct span *s;

	*ret_zero = true;
	if (n > PTRDIFF_MAX - REGION_SIZE) {
		errno = ENOMEM;
		return NULL;
	}
	if (align <= PAGE_SIZE && bytes <= WAIT_BLOCK) {
		s = wait_take(bytes);
		*ret_zero = !s;
		if (s && s->bytes >= bytes && s->bytes <= WAIT_SLACK * bytes) {
			page_map_set(s->base, 1, s, 0);
			return (void *)s->base;
		}
		if (s) {
			void *p = large_move(s, bytes, bytes);

			if (p)
				return p;
			large_free(s);
		}
	}
	return map(bytes, align < PAGE_SIZE ? PAGE_SIZE : align);
}

struct span *large_find(const void *p)
{
	struct span *s = page_map_span(p);

	return s && !s->region && s->base == (uintptr_t)p ? s : NULL;
}

void large_free(struct span *s)
{
	struct span *gone[WAIT_SLOTS];
	unsigned n_gone = 0;
	bool stays = s->bytes <= WAIT_BLOCK && !options.debug;

	page_map_set(s->base, 1, NULL, 0);
	lock_take(&large_lock);
	n_blocks--;
	n_bytes -= s->bytes;
	if (stays) {
		while (n_waiting == WAIT_SLOTS ||
		       (n_waiting > 0 && waiting_bytes + s->bytes > WAIT_BYTES))
			gone[n_gone++] = wait_remove(0);
		waiting[n_waiting++] = s;
		waiting_bytes += s->bytes;
	}
	lock_drop(&large_lock);
	if (!stays)
		unmap(s);
	while (n_gone > 0)
		unmap(gone[--n_gone]);
}

void *large_resize(struct span *s, size_t n)
{
	size_t exact = (n + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);

	if (n > PTRDIFF_MAX - REGION_SIZE) {
		errno = ENOMEM;
		return NULL;
	}
	return large_move(s, exact > s->bytes ? exact + (exact / 8 & ~(PAGE_SIZE - 1)) : exact,
			  exact);
}

size_t large_release(void)
{
	size_t bytes = 0;

	for (;;) {
		struct span *s = NULL;

		lock_take(&large_lock);
		if (n_waiting > 0)
			s = wait_remove(n_waiting - 1);
		lock_drop(&large_lock);
		if (!s)
			return bytes;
		bytes += s->bytes;
		unmap(s);
	}
}

void large_stats(struct large_stats *ret)
{
	lock_take(&large_lock);
	ret->blocks = n_blocks;
	ret->bytes = n_bytes;
	ret->cached = waiting_bytes;
	lock_drop(&large_lock);
}

void large_check(void)
{
	size_t bytes = 0;

	lock_take(&large_lock);
	assert(n_waiting <= WAIT_SLOTS && waiting_bytes <= WAIT_BYTES);
	for (unsigned i = 0; i < n_waiting; i++) {
		assert(!large_find((void *)waiting[i]->base));
		bytes += waiting[i]->bytes;
	}
	assert(bytes == waiting_bytes);
	lock_drop(&large_lock);
}
