/* SPDX-License-Identifier: Apache-2.0 */
/* cache_entry - how a struct cache_file is made; between cache.c and cache_entry.c. */
#ifndef HTTPD_CACHE_ENTRY_H
#define HTTPD_CACHE_ENTRY_H

#include "httpd/cache.h"

/* What an entry is made of. */
struct cache_entry {
	uint64_t hash;
	const char *path;
	size_t len;
	int status;
	unsigned index; /* see struct cache_file */
	const char *type;
	char *body; /* taken; NULL: none */
	size_t body_len;
	const struct file_version *version; /* NULL: not a file */
	int64_t now_sec;
};

/* An entry in no ring, with one reference. NULL when memory is out; then the body is freed. */
struct cache_file *cache_entry_new(const struct cache_entry *from);

#endif
