/* SPDX-License-Identifier: Apache-2.0 */
/* ldcache - /etc/ld.so.cache: where ldconfig(8) has seen which library. */
#ifndef BUNDLE_LDCACHE_H
#define BUNDLE_LDCACHE_H

#include <stddef.h>

/* @data has a 0 byte behind its @size bytes, as fd_read_all() leaves one. */
struct ldcache {
	const char *data;
	size_t size, entries, n; /* entries: offset of the first; n: how many */
};

/* Finds the table. A cache of another format, or a damaged one, has no entries: ld.so ignores it.
 */
void ldcache_open(const char *data, size_t size, struct ldcache *ret);
/*
 * The next path of @library from entry *@at on, NULL when there is no more. Entries for processors
 * with more abilities than the least are left out.
 */
const char *ldcache_next(const struct ldcache *cache, const char *library, size_t *at);

#endif
