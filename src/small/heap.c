/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heap - malloc of the small tinyrun, in place of musl's, which maps and unmaps single pages:
 * twenty pairs of system calls in a `run`.
 *
 * A run makes a few hundred small blocks and ends, so blocks are cut off a piece of memory from the
 * front; the first piece is the program's own. What is freed goes on the list of its size class
 * (four to a doubling) and is used again, so a verb that stays for days holds what it once held at
 * a time. What is above the largest class is a mapping of its own and goes back at once.
 *
 * Each block is sealed with its size, its address and a secret: what is freed twice, was never
 * ours, or has its head written over ends the program. For one thread.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#define UNIT      16 /* alignment, and the size of a head */
#define CLASSES   47
#define CLASS_MAX ((size_t)112 << 10) /* the room of the last class */
#define PIECE     ((size_t)256 << 10)
#define PAGE      ((size_t)4096)

struct head {
	size_t room; /* behind the head; above CLASS_MAX: a mapping */
	uintptr_t seal;
	struct head *next[]; /* of a free block: in its room */
};

enum state { LIVE = 0x51, FREE = 0xa7 };

_Static_assert(sizeof(struct head) == UNIT, "blocks are aligned behind their heads");

static _Alignas(UNIT) char first_piece[64 << 10];
static char *at = first_piece, *end = first_piece + sizeof(first_piece);
static struct head *lists[CLASSES];
static uintptr_t secret;

static uintptr_t seal_of(const struct head *h, enum state state)
{
	if (!secret) /* the kernel's random bytes; the stack's guard is made of the first 8 */
		memcpy(&secret, (const char *)getauxval(AT_RANDOM) + 8, sizeof(secret));
	return (secret ^ (uintptr_t)h ^ (h->room << 20)) + state;
}

static void *set(struct head *h, size_t room)
{
	h->room = room;
	h->seal = seal_of(h, LIVE);
	return h + 1;
}

static struct head *head_of(void *block, enum state state)
{
	struct head *h = (struct head *)block - 1;

	if ((uintptr_t)block % UNIT != 0 || h->seal != seal_of(h, state))
		abort();
	return h;
}

/* 16, 32, 48, ... 128, 160, ... */
static unsigned class_of(size_t size, size_t *ret_room)
{
	size_t units = size == 0 ? 1 : (size + UNIT - 1) / UNIT;
	unsigned shift = 0;

	while ((units - 1) >> shift >= 8)
		shift++;
	units = (units + ((size_t)1 << shift) - 1) >> shift;
	*ret_room = (units << shift) * UNIT;
	return shift * 4 + (unsigned)units - 1;
}

static void *map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* *ret_used: it has what it had before; else it is zero. */
static void *take(size_t size, bool *ret_used)
{
	struct head *h;
	size_t room;
	unsigned class;

	*ret_used = false;
	if (size > CLASS_MAX) {
		room = size > PTRDIFF_MAX - 2 * PAGE ? 0 : (size + UNIT + PAGE - 1) & ~(PAGE - 1);
		h = room ? map(room) : NULL;
		return h ? set(h, room - UNIT) : NULL;
	}
	class = class_of(size, &room);
	h = lists[class];
	if (h) {
		*ret_used = true;
		lists[class] = head_of(h + 1, FREE)->next[0];
		return set(h, room);
	}
	if ((size_t)(end - at) < UNIT + room) {
		char *piece = map(PIECE); /* what is left of the old one is no loss that counts */

		if (!piece)
			return NULL;
		at = piece;
		end = piece + PIECE;
	}
	h = (struct head *)at;
	at += UNIT + room;
	return set(h, room);
}

void *malloc(size_t size)
{
	bool used;
	void *block = take(size, &used);

	if (!block)
		errno = ENOMEM;
	return block;
}

void *calloc(size_t n, size_t size)
{
	bool used = false;
	size_t bytes;
	void *block = __builtin_mul_overflow(n, size, &bytes) ? NULL : take(bytes, &used);

	if (!block)
		errno = ENOMEM;
	return used ? memset(block, 0, bytes) : block;
}

void free(void *block)
{
	struct head *h = block ? head_of(block, LIVE) : NULL;
	int saved = errno;

	if (h && h->room > CLASS_MAX) {
		(void)munmap(h, h->room + UNIT); /* at worst it stays */
		errno = saved;
	} else if (h) {
		unsigned class = class_of(h->room, &h->room);

		h->seal = seal_of(h, FREE);
		h->next[0] = lists[class];
		lists[class] = h;
	}
}

void *realloc(void *block, size_t size)
{
	size_t room = block ? head_of(block, LIVE)->room : 0;
	void *moved;

	if (block && size <= room && (room <= CLASS_MAX || size > room / 2))
		return block;
	moved = malloc(size);
	if (moved && block) {
		memcpy(moved, block, size < room ? size : room);
		free(block);
	}
	return moved;
}
