/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MALLOC_API_H
#define MALLOC_API_H

/*
 * api - the family under names of its own, which tests call beside libc's malloc. The library gives
 * them their public names (names.c).
 */

#include <stddef.h>

void *api_malloc(size_t n);
void api_free(void *p);
void *api_calloc(size_t count, size_t size);
void *api_realloc(void *p, size_t n);
void *api_reallocarray(void *p, size_t count, size_t size);
void *api_aligned_alloc(size_t align, size_t n);
int api_posix_memalign(void **ret, size_t align, size_t n);
void *api_memalign(size_t align, size_t n);
void *api_valloc(size_t n);
void *api_pvalloc(size_t n);
size_t api_usable_size(void *p);
void api_free_sized(void *p, size_t n);
void api_free_aligned_sized(void *p, size_t align, size_t n);
int api_trim(size_t pad);
int api_mallopt(int what, int value);

#endif
