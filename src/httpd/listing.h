/* SPDX-License-Identifier: Apache-2.0 */
/* listing - what is in a directory, as a page or as JSON. */
#ifndef HTTPD_LISTING_H
#define HTTPD_LISTING_H

#include "httpd/file.h"
#include "tinyrun/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LISTING_ENTRIES_MAX 10000 /* what a listing says at most */

enum listing_sort { LISTING_BY_NAME = 'n', LISTING_BY_SIZE = 's', LISTING_BY_DATE = 'd' };

struct listing_spec {
	bool json, reverse, dotfiles;
	enum listing_sort sort;
};

struct listing_entry {
	char *name;
	bool is_dir;
	uint64_t size;
	int64_t modified_sec;
};

struct listing {
	struct listing_entry *entries;
	size_t n, room;
	bool cut; /* there are more */
};

/* What a query ("?sort=size&order=desc&format=json") asks for; unknown words are passed over. */
void listing_parse_query(const char *query, size_t len, struct listing_spec *spec);
/* Reads the directory @path: what a client can have of it. Returns 200 or a status. */
int listing_read(const struct file_root *root, const char *path, bool dotfiles,
		 struct listing *ret);
void listing_done(struct listing *l);
void listing_sort(struct listing *l, const struct listing_spec *spec);
/* @path is the directory's, relative to the root with a slash at its end, or "". */
void listing_write(const struct listing *l, const char *path, const struct listing_spec *spec,
		   struct buf *out);

#endif
