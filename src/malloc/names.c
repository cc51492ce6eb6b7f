/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names - gives the functions of api.c the names by which programs call them.
 *
 * The file takes api.c in, because an alias must stand where its function is; the library is built
 * from this file, the unit tests from api.c alone.
 */
#include "malloc/api.c"

#include <limits.h>
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

#define NAMED(f) __attribute__((alias(#f), visibility("default"), nothrow))

/* clang-format off */
void *malloc(size_t n) NAMED(api_malloc);
void free(void *p) NAMED(api_free);
void *calloc(size_t count, size_t size) NAMED(api_calloc);
void *realloc(void *p, size_t n) NAMED(api_realloc);
void *reallocarray(void *p, size_t count, size_t size) NAMED(api_reallocarray);
void *aligned_alloc(size_t align, size_t n) NAMED(api_aligned_alloc);
int posix_memalign(void **ret, size_t align, size_t n) NAMED(api_posix_memalign);
void *memalign(size_t align, size_t n) NAMED(api_memalign);
void *valloc(size_t n) NAMED(api_valloc);
void *pvalloc(size_t n) NAMED(api_pvalloc);
void free_sized(void *p, size_t n) NAMED(api_free_sized);
void free_aligned_sized(void *p, size_t align, size_t n) NAMED(api_free_aligned_sized);
size_t malloc_usable_size(void *p) NAMED(api_usable_size);
/* clang-format on */

#ifdef __GLIBC__

int malloc_trim(size_t pad) NAMED(api_trim);
int mallopt(int what, int value) NAMED(api_mallopt);

EXPORT void malloc_stats(void)
{
	tinymalloc_stats_print(STDERR_FILENO);
}

#if __GLIBC_PREREQ(2, 33)
EXPORT struct mallinfo2 mallinfo2(void)
{
	struct tinymalloc_stats s;
	struct mallinfo2 m = {0};

	tinymalloc_stats(&s);
	m.arena = s.heap_mapped + s.first;
	m.hblks = s.large_blocks;
	m.hblkhd = s.large_bytes;
	m.usmblks = s.heap_peak + s.first;
	m.uordblks = s.in_use;
	m.fsmblks = s.thread_bytes + s.transfer_bytes;
	m.fordblks = s.central_bytes + m.fsmblks;
	m.keepcost = s.heap_dirty + s.large_cached;
	return m;
}
#endif

static int clamp(size_t n)
{
	return n > INT_MAX ? INT_MAX : (int)n;
}

EXPORT struct mallinfo mallinfo(void)
{
	struct tinymalloc_stats s;
	struct mallinfo m = {0};

	tinymalloc_stats(&s);
	m.arena = clamp(s.heap_mapped + s.first);
	m.hblks = clamp(s.large_blocks);
	m.hblkhd = clamp(s.large_bytes);
	m.uordblks = clamp(s.in_use);
	m.fordblks = clamp(s.central_bytes + s.thread_bytes + s.transfer_bytes);
	m.keepcost = clamp(s.heap_dirty + s.large_cached);
	return m;
}

#endif
