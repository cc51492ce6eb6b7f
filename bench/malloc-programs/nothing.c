/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nothing - what a pattern of work.c costs without an allocator: to be preloaded as if it were one.
 *
 * Each thread has a ring of slots, malloc gives the next one, free does nothing. Whoever uses what
 * it was given is written over, so only patterns can run that do not look at their objects again.
 */
#include <stddef.h>
#include <sys/mman.h>

/* With fewer slots one would sooner be written that another thread still has in its cache. */
#define SLOT  256
#define SLOTS 2048

static __thread char *ring __attribute__((tls_model("initial-exec")));
static __thread unsigned next __attribute__((tls_model("initial-exec")));

static char *map(size_t bytes)
{
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
		    -1, 0);
}

void *malloc(size_t n)
{
	if (n > SLOT) /* the C library's own, at the start of the program or of a thread */
		return map(n);
	if (!ring)
		ring = map((size_t)SLOT * SLOTS);
	return ring + (size_t)(next++ % SLOTS) * SLOT;
}

void free(void *p)
{
	(void)p;
}

void *calloc(size_t count, size_t size)
{
	return map(count * size + 1);
}

/* Nothing that can run here calls it. */
void *realloc(void *p, size_t n)
{
	(void)p;
	return malloc(n);
}
