/* SPDX-License-Identifier: Apache-2.0 */
/*
 * first - blocks cut off the piece, and a list of free ones for each class.
 *
 * Blocks are given and used again only while one thread runs, so nothing is locked, and fork need
 * not know of it. After that any thread may free a block; then its seal changes, in one exchange,
 * and nothing else.
 */
#include "malloc/first.h"

#include <assert.h>

#include "malloc/options.h"
#include "malloc/os.h"
#include "malloc/page_map.h"
#include "malloc/registry.h"
#include "malloc/thread_cache.h"

struct head {
	uint64_t class;
	uintptr_t seal;
};

enum state { LIVE = 0x51, FREE = 0xa7 };

/* The piece has two parts, around the root; nothing in the root is sealed. */
#define NEAR_END FIRST_NEAR
#define FAR      offsetof(struct page_map, far)
#define FAR_END  (FAR + FIRST_FAR)

static_assert(sizeof(struct head) == MIN_ALIGN, "blocks are aligned behind their heads");
static_assert(NEAR_END % MIN_ALIGN == 0 && FAR % MIN_ALIGN == 0, "and so are the first ones");

/* Zero in the beginning, all of it: a page of .data would cost a fault. */
bool first_closed;
static uint32_t blocks;
static size_t cut; /* how far in the page map */
static size_t in_use;
static struct object *lists[FIRST_CLASSES];

static uintptr_t seal_of(const struct head *h, enum state state)
{
	return (object_key ^ (uintptr_t)h ^ (h->class << 48)) + state;
}

static struct head *head_of(const void *p)
{
	return (struct head *)p - 1;
}

static void count(size_t bytes)
{
	__atomic_fetch_add(&in_use, bytes, __ATOMIC_RELAXED);
}

static struct head *list_take(unsigned c)
{
	struct object *o = lists[c];
	const struct object *next;

	if (!o)
		return NULL;
	next = object_next(o);
	if (head_of(o)->seal != seal_of(head_of(o), FREE) || (next && !first_owns(next)))
		thread_cache_corrupted(o, c);
	lists[c] = (struct object *)next;
	return head_of(o);
}

static struct head *cut_off(unsigned c)
{
	size_t bytes = sizeof(struct head) + size_classes[c].size;

	if (cut <= NEAR_END && bytes > NEAR_END - cut)
		cut = FAR;
	if (bytes > FAR_END - cut)
		return NULL;
	cut += bytes;
	return (struct head *)((char *)&page_map + cut - bytes);
}

/* Whether this process is still one that the piece is meant for. */
static bool is_early(void)
{
	registry_start();
	return registry_alone() && !options.debug && blocks++ < FIRST_BLOCKS;
}

void *first_take(unsigned c)
{
	struct head *h = NULL;

	if (c >= FIRST_CLASSES)
		return NULL;
	if (is_early()) {
		h = list_take(c);
		if (!h)
			h = cut_off(c);
	}
	if (!h) {
		first_close();
		return NULL;
	}
	h->class = c;
	h->seal = seal_of(h, LIVE);
	count(size_classes[c].size);
	return h + 1;
}

bool first_owns(const void *p)
{
	return (uintptr_t)p - (uintptr_t)&page_map < FAR_END;
}

size_t first_size(const void *p, const char *what)
{
	const struct head *h = head_of(p);

	if ((uintptr_t)p % MIN_ALIGN != 0 || !first_owns(h) || h->class >= FIRST_CLASSES ||
	    __atomic_load_n(&h->seal, __ATOMIC_RELAXED) != seal_of(h, LIVE))
		os_die(what, p, 0);
	return size_classes[h->class].size;
}

void first_give(void *p)
{
	struct head *h = head_of(p);
	struct object *o = p;
	uintptr_t live;
	size_t size;

	if ((uintptr_t)p % MIN_ALIGN == 0 && first_owns(h) && h->class < FIRST_CLASSES &&
	    h->seal == seal_of(h, FREE))
		os_die("double free", p, size_classes[h->class].size);
	size = first_size(p, "invalid free");
	live = seal_of(h, LIVE);
	if (!__atomic_compare_exchange_n(&h->seal, &live, seal_of(h, FREE), false, __ATOMIC_RELAXED,
					 __ATOMIC_RELAXED))
		os_die("double free", p, size);
	count(-size);
	if (first_is_closed() || !registry_alone()) /* two threads would share the list */
		return;
	object_set_next(o, lists[h->class]);
	lists[h->class] = o;
}

size_t first_in_use(void)
{
	return __atomic_load_n(&in_use, __ATOMIC_RELAXED);
}
