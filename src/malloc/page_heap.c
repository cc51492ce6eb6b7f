/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page_heap - which pages of which region are in use, and when free ones go back to the kernel.
 *
 * The kernel is asked without the lock: pages that are being released are marked as used for as
 * long. Both mapping a region and releasing pages may thus happen in several threads at once.
 */
#include "malloc/page_heap.h"

#include <assert.h>
#include <errno.h>

#include "malloc/bitmap.h"
#include "malloc/os.h"
#include "malloc/page_map.h"
#include "malloc/registry.h"
#include "malloc/size_class.h"

#define EXACT_LISTS   65U /* longest free run of 0..64 pages */
#define LIST_LONG     65U /* more than 64 pages */
#define LIST_EMPTY    66U /* all free, some pages dirty */
#define LIST_CLEAN    67U /* all free, nothing there to give back */
#define LISTS         68U
#define TRIES         8U  /* regions looked at in a list whose runs may be badly aligned */
#define RELEASE_TRIES 64U /* regions looked at for one release */
#define LIMIT_MIN     ((size_t)256)          /* pages: 1 MiB */
#define REGRET_MIN    ((size_t)8192)         /* pages: 32 MiB */
#define EXCESS_MIN    ((size_t)32)           /* pages: 128 KiB */
#define EXCESS_PART   ((size_t)4096)         /* pages taken for one given back */
#define HUGE_ABOVE    (REGION_PAGES / 8 * 7) /* pages in use: a huge page is worth it */
#define HUGE_BELOW    (REGION_PAGES / 2)     /* and no longer */

/*
 * How much is done to give pages back, and the runs of dirty pages that are worth a system call;
 * LITTLE leaves huge pages in use alone.
 */
enum effort { EFFORT_LITTLE, EFFORT_FIRM, EFFORT_ALL };
static const unsigned min_run[] = {[EFFORT_LITTLE] = 4, [EFFORT_FIRM] = 8, [EFFORT_ALL] = 1};

struct region {
	struct region *next, *prev;
	struct region *older; /* of all records; they stay for ever */
	uintptr_t base;
	struct bitmap used;
	struct bitmap dirty; /* of pages in use: will be dirty if freed untouched */
	unsigned n_used;
	unsigned n_dirty; /* free and dirty */
	unsigned longest; /* free run */
	unsigned list;
	bool huge; /* the kernel may make it one page; only the whole of it is given back */
};

struct lock page_heap_lock;
unsigned page_heap_retain;

static struct region *lists[LISTS];
static uint64_t listed[(LISTS + 63) / 64]; /* which lists are not empty */
static size_t n_regions, n_used, n_peak, n_dirty, n_released;
static struct region *newest;
static struct region *unmapped; /* records to be used again */
static uintptr_t hint;
static struct span *records; /* of spans, to be used again */

/* What the heap wanted back after it was released, and how little of it was ever free since. */
static size_t n_lost; /* released and not wanted back so far */
static size_t n_regret;
static size_t n_futile; /* dirty pages up to which it is no use to look again */
static size_t n_excess; /* given back by release_excess() */
static size_t n_taken;
static bool regretted; /* in this window */
static size_t n_idle;
static size_t window; /* pages taken since n_idle was last looked at */

static void list_remove(struct region *r)
{
	if (r->next == r) {
		lists[r->list] = NULL;
		listed[r->list / 64] &= ~((uint64_t)1 << (r->list % 64));
		return;
	}
	r->next->prev = r->prev;
	r->prev->next = r->next;
	if (lists[r->list] == r)
		lists[r->list] = r->next;
}

static void list_add(struct region *r, unsigned list)
{
	struct region *first = lists[list];

	r->list = list;
	if (!first) {
		r->next = r->prev = r;
		lists[list] = r;
		listed[list / 64] |= (uint64_t)1 << (list % 64);
		return;
	}
	r->next = first;
	r->prev = first->prev;
	first->prev->next = r;
	first->prev = r;
}

static unsigned list_of(const struct region *r)
{
	if (r->n_used == 0)
		return r->n_dirty ? LIST_EMPTY : LIST_CLEAN;
	return r->longest < EXACT_LISTS ? r->longest : LIST_LONG;
}

static void region_relist(struct region *r)
{
	unsigned list = list_of(r);

	if (list == r->list)
		return;
	list_remove(r);
	list_add(r, list);
}

static unsigned next_list(unsigned list)
{
	for (unsigned i = list / 64; i < sizeof(listed) / sizeof(listed[0]); i++) {
		uint64_t w = listed[i];

		if (i == list / 64)
			w &= ~(uint64_t)0 << (list % 64);
		if (w)
			return i * 64 + (unsigned)__builtin_ctzll(w);
	}
	return LISTS;
}

/* Mark [@at, @at + @n) of @r as used; returns how many of them were dirty. */
static unsigned take(struct region *r, unsigned at, unsigned n)
{
	unsigned dirty = bitmap_count(&r->dirty, at, n);
	unsigned run = bitmap_next(&r->used, at, true) - bitmap_run_start(&r->used, at);

	bitmap_fill(&r->used, at, n, true);
	if (run == r->longest)
		r->longest = bitmap_longest(&r->used);
	r->n_used += n;
	r->n_dirty -= dirty;
	n_used += n;
	n_dirty -= dirty;
	return dirty;
}

/* Mark them as free; their dirty bits say what they hold. */
static void put(struct region *r, unsigned at, unsigned n)
{
	unsigned dirty = bitmap_count(&r->dirty, at, n);
	unsigned run;

	bitmap_fill(&r->used, at, n, false);
	run = bitmap_next(&r->used, at, true) - bitmap_run_start(&r->used, at);
	if (run > r->longest)
		r->longest = run;
	r->n_used -= n;
	r->n_dirty += dirty;
	n_used -= n;
	n_dirty += dirty;
}

static struct region *find(unsigned pages, unsigned align, unsigned *ret_at)
{
	for (unsigned l = next_list(pages < EXACT_LISTS ? pages : LIST_LONG); l < LISTS;
	     l = next_list(l + 1)) {
		struct region *r = lists[l];

		for (unsigned i = 0; i < TRIES; i++) {
			*ret_at = bitmap_find(&r->used, pages, align);
			if (*ret_at < REGION_PAGES)
				return r;
			r = r->next;
			if (r == lists[l])
				break;
		}
	}
	return NULL;
}

/* Called and returns with the lock. */
static void region_forget(struct region *r)
{
	r->next = unmapped;
	unmapped = r;
}

/* A record of a region without memory, or NULL. */
static struct region *region_record(void)
{
	struct region *r;

	lock_take(&page_heap_lock);
	r = unmapped;
	if (r)
		unmapped = r->next;
	lock_drop(&page_heap_lock);
	if (r)
		return r;
	r = span_arena(sizeof(*r));
	if (!r)
		return NULL;
	lock_take(&page_heap_lock);
	r->older = newest;
	newest = r;
	lock_drop(&page_heap_lock);
	return r;
}

/* Map a region and list it. Called without the lock, returns with it, or NULL without it. */
static struct region *region_new(void)
{
	uintptr_t below = __atomic_load_n(&hint, __ATOMIC_RELAXED);
	struct region *r = region_record();
	void *p;

	if (!r)
		return NULL;
	p = below ? os_map(REGION_SIZE, REGION_SIZE, below) : os_map_once(REGION_SIZE, REGION_SIZE);
	if (p && !page_map_prepare((uintptr_t)p, REGION_SIZE)) {
		os_unmap(p, REGION_SIZE);
		p = NULL;
	}
	if (!p) {
		lock_take(&page_heap_lock);
		region_forget(r);
		lock_drop(&page_heap_lock);
		return NULL;
	}
	r->base = (uintptr_t)p;
	r->longest = REGION_PAGES;
	/* Where the system makes huge pages of everything, a small program must not pay for it. */
	if (__atomic_load_n(&n_regions, __ATOMIC_RELAXED) < 4)
		os_huge(p, REGION_SIZE, false);
	lock_take(&page_heap_lock);
	/* Just below, or below what os_map_once() lost. */
	__atomic_store_n(&hint, r->base - (below ? REGION_SIZE : 2 * REGION_SIZE),
			 __ATOMIC_RELAXED);
	__atomic_store_n(&n_regions, n_regions + 1, __ATOMIC_RELAXED);
	list_add(r, LIST_CLEAN);
	return r;
}

/*
 * Pages that may stay dirty while nobody uses them. To what every heap may keep comes what this one
 * took back after it was released, less what has meanwhile been idle for a whole window.
 */
static size_t release_limit(void)
{
	size_t most = n_peak / 4 > REGRET_MIN ? n_peak / 4 : REGRET_MIN;
	size_t limit = n_peak / 32 > LIMIT_MIN ? n_peak / 32 : LIMIT_MIN;

	if (page_heap_retain)
		return n_peak * (page_heap_retain - 1) / 100;
	if (n_regret > most)
		n_regret = most;
	return limit + n_regret;
}

/* Learn from @pages being taken, of which @dirty still held memory. */
static void demand_note(unsigned pages, unsigned dirty)
{
	size_t back = pages - dirty < n_lost ? pages - dirty : n_lost;

	n_lost -= back;
	n_regret += back;
	regretted |= back > 0;
	if (n_dirty < n_idle)
		n_idle = n_dirty;
	window += pages;
	/* After some whole swings: is half of what may be kept never used? */
	if (window > 4 * n_peak) {
		if (n_idle > release_limit() / 2 && !regretted)
			n_regret -= n_regret / 8;
		regretted = false;
		n_idle = n_dirty;
		window = 0;
	}
}

/* Whether @r has come to deserve a huge page, or ceased to. Says so once each way. */
static bool huge_changes(struct region *r)
{
	bool huge = r->huge ? r->n_used >= HUGE_BELOW : r->n_used >= HUGE_ABOVE;

	if (huge == r->huge)
		return false;
	r->huge = huge;
	return true;
}

/*
 * The free run of @r that has the most dirty pages, clean ones between them included, because one
 * call to the kernel costs more than they do. Returns how many are dirty; 0 if that is too
 * few. A huge page in use is not split for a little.
 */
static unsigned dirty_run(const struct region *r, enum effort effort, unsigned *ret_at,
			  unsigned *ret_n)
{
	unsigned min = min_run[effort];
	unsigned most = min - 1;

	if (r->n_dirty < min || (effort == EFFORT_LITTLE && r->huge && r->n_used > 0))
		return 0;
	for (unsigned i = bitmap_next(&r->used, 0, false); i < REGION_PAGES;) {
		unsigned end = bitmap_next(&r->used, i, true);
		unsigned dirty = end - i > most ? bitmap_count(&r->dirty, i, end - i) : 0;

		if (dirty > most) {
			most = dirty;
			*ret_at = i;
			*ret_n = end - i;
		}
		i = bitmap_next(&r->used, end, false);
	}
	return most >= min ? most : 0;
}

/* Give one run back, @dirty pages of it. The lock is dropped meanwhile. */
static void release_run(struct region *r, unsigned at, unsigned n, unsigned dirty)
{
	bool done;

	(void)take(r, at, n);
	region_relist(r);
	lock_drop(&page_heap_lock);
	done = os_release((void *)(r->base + at * PAGE_SIZE), n * PAGE_SIZE);
	lock_take(&page_heap_lock);
	if (done) {
		bitmap_fill(&r->dirty, at, n, false);
		n_released += dirty;
	}
	put(r, at, n);
	region_relist(r);
}

/* Release the best run of one of the emptiest regions; false if there is none, among a few. */
static bool release_one(enum effort effort)
{
	unsigned tries = 0;

	for (unsigned l = LIST_EMPTY; l >= min_run[effort] && tries < RELEASE_TRIES; l--) {
		struct region *r = lists[l];

		for (struct region *first = r; r && tries < RELEASE_TRIES; tries++) {
			unsigned at = 0, n = 0;
			unsigned dirty = dirty_run(r, effort, &at, &n);

			if (dirty) {
				lists[l] = r->next; /* look at the others first next time */
				release_run(r, at, n, dirty);
				if (effort == EFFORT_LITTLE)
					n_lost += dirty;
				return true;
			}
			r = r->next;
			if (r == first)
				break;
		}
	}
	return false;
}

static void release_down_to(size_t limit, enum effort effort)
{
	for (size_t before = n_dirty; before > limit; before = n_dirty)
		if (!release_one(effort) || n_dirty >= before)
			return; /* nothing that is worth it, or the kernel would not */
}

/*
 * @pages were taken, @dirty of them not clean. Clean ones are taken although there are dirty ones
 * when those are too short or badly aligned: see that the heap does not on that account become
 * larger than it ever needed to be. A heap that swings would give back and take for ever, so this
 * goes for half as many pages as the heap ever had, and then for one of each EXCESS_PART taken.
 * With threads it is too dear: each release stops them all.
 */
static void release_excess(unsigned pages, unsigned dirty)
{
	size_t most = n_peak + (n_peak / 64 > EXCESS_MIN ? n_peak / 64 : EXCESS_MIN);
	size_t before = n_dirty;

	n_taken += pages;
	if (dirty == pages || n_used + n_dirty <= most || page_heap_retain || !registry_alone() ||
	    n_excess >= n_peak / 2 + n_taken / EXCESS_PART)
		return;
	release_down_to(n_peak > n_used ? n_peak - n_used : 0, EFFORT_FIRM);
	n_excess += EXCESS_MIN / 2 + (before > n_dirty ? before - n_dirty : 0);
}

/* A record; called and returns with the lock, or NULL without it. */
static struct span *record_take(void)
{
	struct span *s = records;

	if (s) {
		records = s->next;
		return s;
	}
	lock_drop(&page_heap_lock);
	s = span_new();
	if (s)
		lock_take(&page_heap_lock);
	return s;
}

struct span *page_heap_alloc(unsigned pages, unsigned align, unsigned class)
{
	struct region *r;
	struct span *s;
	unsigned at = 0;
	unsigned dirty;
	bool huge;

	lock_take(&page_heap_lock);
	s = record_take();
	if (!s)
		return NULL;
	r = find(pages, align, &at);
	if (!r) {
		lock_drop(&page_heap_lock);
		r = region_new();
		if (!r) {
			span_free(s);
			errno = ENOMEM;
			return NULL;
		}
		r = find(pages, align, &at);
		if (!r) /* not even the new region */
			os_die("free pages are lost", NULL, 0);
	}
	dirty = take(r, at, pages);
	demand_note(pages, dirty);
	if (n_used > n_peak)
		n_peak = n_used;
	region_relist(r);
	huge = huge_changes(r);
	release_excess(pages, dirty);
	lock_drop(&page_heap_lock);
	if (huge)
		os_huge((void *)r->base, REGION_SIZE, true);
	*s = (struct span){.base = r->base + at * PAGE_SIZE,
			   .bytes = pages * PAGE_SIZE,
			   .region = r,
			   .class = (uint16_t) class,
			   .list = SPAN_UNLISTED,
			   .fresh = dirty == 0};
	return s;
}

void page_heap_free(struct span *s, unsigned dirty)
{
	struct region *r = s->region;
	unsigned at = (unsigned)((s->base - r->base) >> PAGE_SHIFT);
	unsigned pages = (unsigned)(s->bytes >> PAGE_SHIFT);
	size_t limit;
	bool huge;

	page_map_set(s->base, size_class_is_slab(s->class) ? pages : 1, NULL, 0);
	lock_take(&page_heap_lock);
	s->next = records;
	records = s;
	bitmap_fill(&r->dirty, at, dirty, true);
	put(r, at, pages);
	region_relist(r);
	huge = huge_changes(r);
	limit = release_limit();
	if (n_dirty <= limit) {
		n_futile = 0;
	} else if (n_dirty > n_futile) {
		release_down_to(limit / 4 * 3, EFFORT_LITTLE);
		n_futile = n_dirty > limit / 4 * 3 ? n_dirty + LIMIT_MIN / 4 : 0;
	}
	lock_drop(&page_heap_lock);
	if (huge)
		os_huge((void *)r->base, REGION_SIZE, false);
}

bool page_heap_resize(struct span *s, unsigned pages, unsigned class)
{
	struct region *r = s->region;
	unsigned at = (unsigned)((s->base - r->base) >> PAGE_SHIFT);
	unsigned old = (unsigned)(s->bytes >> PAGE_SHIFT);
	bool room;

	if (at + pages > REGION_PAGES)
		return false;
	lock_take(&page_heap_lock);
	room = pages <= old || bitmap_next(&r->used, at + old, true) >= at + pages;
	if (room && pages > old) {
		(void)take(r, at + old, pages - old);
		if (n_used > n_peak)
			n_peak = n_used;
		region_relist(r);
	} else if (room && pages < old) {
		bitmap_fill(&r->dirty, at + pages, old - pages, true);
		put(r, at + pages, old - pages);
		region_relist(r);
	}
	lock_drop(&page_heap_lock);
	if (!room)
		return false;
	s->bytes = pages * PAGE_SIZE;
	s->class = (uint16_t) class;
	page_map_set(s->base, 1, s, class);
	return true;
}

size_t page_heap_release(void)
{
	size_t before;
	size_t after;

	lock_take(&page_heap_lock);
	before = n_released;
	for (struct region *r = newest; r; r = r->older) {
		unsigned at = 0, n = 0, dirty;
		unsigned left = r->n_dirty; /* the kernel may refuse; then it ends all the same */

		for (; left > 0 && (dirty = dirty_run(r, EFFORT_ALL, &at, &n)) > 0;
		     left -= dirty < left ? dirty : left)
			release_run(r, at, n, dirty);
	}
	after = n_released;
	lock_drop(&page_heap_lock);
	return (after - before) * PAGE_SIZE;
}

void page_heap_unmap(void)
{
	struct region *r;

	lock_take(&page_heap_lock);
	while ((r = lists[LIST_EMPTY] ? lists[LIST_EMPTY] : lists[LIST_CLEAN])) {
		list_remove(r);
		n_dirty -= r->n_dirty;
		n_released += r->n_dirty;
		r->n_dirty = 0;
		bitmap_fill(&r->dirty, 0, REGION_PAGES, false);
		__atomic_store_n(&n_regions, n_regions - 1, __ATOMIC_RELAXED);
		lock_drop(&page_heap_lock);
		os_unmap((void *)r->base, REGION_SIZE);
		lock_take(&page_heap_lock);
		region_forget(r);
	}
	lock_drop(&page_heap_lock);
}

void page_heap_stats(struct page_heap_stats *ret)
{
	lock_take(&page_heap_lock);
	ret->mapped = n_regions * REGION_SIZE;
	ret->used = n_used * PAGE_SIZE;
	ret->peak = n_peak * PAGE_SIZE;
	ret->dirty = n_dirty * PAGE_SIZE;
	ret->released = n_released * PAGE_SIZE;
	ret->regions = n_regions;
	lock_drop(&page_heap_lock);
}

static void region_check(const struct region *r)
{
	unsigned dirty = 0;

	assert(bitmap_count(&r->used, 0, REGION_PAGES) == r->n_used);
	for (unsigned i = 0; i < REGION_PAGES; i++)
		if (!bitmap_get(&r->used, i) && bitmap_get(&r->dirty, i))
			dirty++;
	assert(dirty == r->n_dirty);
	assert(r->longest == bitmap_longest(&r->used));
	assert(list_of(r) == r->list);
}

void page_heap_check(void)
{
	size_t regions = 0, used = 0, dirty = 0;

	lock_take(&page_heap_lock);
	for (unsigned l = 0; l < LISTS; l++) {
		const struct region *r = lists[l];

		assert(!r == !(listed[l / 64] >> (l % 64) & 1));
		for (; r; r = r->next == lists[l] ? NULL : r->next) {
			assert(r->list == l && r->next->prev == r);
			region_check(r);
			regions++;
			used += r->n_used;
			dirty += r->n_dirty;
		}
	}
	assert(regions == n_regions && used == n_used && dirty == n_dirty);
	lock_drop(&page_heap_lock);
}
