/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ldcache - the format that glibc has used since 2.2, alone or behind the one before it.
 *
 *     "glibc-ld.so.cache1.1"  u32 entries  u32 bytes of strings  5 x u32
 *     entries of 24 bytes:    i32 flags  u32 name  u32 path  u32 os  u64 abilities
 *
 * Numbers are in the machine's byte order; name and path are offsets from the magic. Which machine
 * an entry is for is not looked up here: whoever opens the library sees it.
 */
#include "bundle/ldcache.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define MAGIC      "glibc-ld.so.cache1.1"
#define OLD_MAGIC  "ld.so-1.7.0"
#define HEAD_SIZE  48
#define ENTRY_SIZE 24
#define OLD_HEAD   16 /* magic, padding, u32 entries */
#define OLD_ENTRY  12

static uint32_t get_u32(const char *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static size_t magic_at(const char *data, size_t size)
{
	size_t n;

	if (size < OLD_HEAD || memcmp(data, OLD_MAGIC, strlen(OLD_MAGIC)) != 0)
		return 0;
	n = get_u32(data + 12);
	if (n > (size - OLD_HEAD) / OLD_ENTRY)
		return size;
	return (OLD_HEAD + n * OLD_ENTRY + 7) & ~(size_t)7; /* ALIGN_CACHE */
}

void ldcache_open(const char *data, size_t size, struct ldcache *ret)
{
	size_t at = magic_at(data, size);
	size_t n;

	*ret = (struct ldcache){.data = NULL};
	if (at > size || size - at < HEAD_SIZE || memcmp(data + at, MAGIC, strlen(MAGIC)) != 0)
		return;
	n = get_u32(data + at + strlen(MAGIC));
	if (n > (size - at - HEAD_SIZE) / ENTRY_SIZE)
		return;
	*ret = (struct ldcache){.data = data + at, .size = size - at, .entries = HEAD_SIZE, .n = n};
}

const char *ldcache_next(const struct ldcache *cache, const char *library, size_t *at)
{
	while (*at < cache->n) {
		const char *entry = cache->data + cache->entries + (*at)++ * ENTRY_SIZE;
		uint32_t name = get_u32(entry + 4), path = get_u32(entry + 8);
		bool plain = get_u32(entry + 16) == 0 && get_u32(entry + 20) == 0;

		if (plain && name < cache->size && path < cache->size &&
		    strcmp(cache->data + name, library) == 0 && cache->data[path] == '/')
			return cache->data + path;
	}
	return NULL;
}
