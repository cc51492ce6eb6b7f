/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache - files a worker has open, and the bytes of the small ones.
 *
 * Each worker has its own, so there are no locks. An entry is believed for CACHE_FRESH_MS; after
 * that the path is opened again, and the entry is replaced when anything about the file changed.
 * That a path is not there is an entry as well, with the status of its refusal.
 */
#ifndef HTTPD_CACHE_H
#define HTTPD_CACHE_H

#include "httpd/date.h"
#include "httpd/file.h"
#include "httpd/mime.h"
#include "httpd/ring.h"

#define CACHE_FRESH_MS  1000
#define CACHE_BODY_MAX  FILE_BODY_MAX /* what is larger is sent from its descriptor */
#define CACHE_BYTES_MAX (64 << 20)    /* bodies of all entries, when nothing else is said */
#define CACHE_FILES_MAX 16384         /* entries */
#define CACHE_FDS_MAX   64            /* entries that hold a descriptor */
#define CACHE_BUCKETS   16384
#define CACHE_ETAG_LEN  18 /* "0123456789abcdef" with its quotes */
#define CACHE_LATER     FILE_LATER

struct cache_file {
	struct cache_file *chain; /* in its bucket */
	struct ring used;         /* by last use */
	uint64_t hash, checked_ms;
	struct file_version version;
	unsigned refs; /* the cache's own and one for each answer under way */
	int status;    /* 200, or why there is nothing */
	int fd;        /* -1 when the body is here */
	char *body;    /* NULL when it is to be sent from fd */
	char *type;
	char etag[CACHE_ETAG_LEN + 1]; /* "" for what is not a file */
	char modified[DATE_LEN + 1];
	int64_t modified_sec; /* never in the future */
	uint32_t path_len;
	char path[]; /* and the type behind it */
};

struct cache {
	const struct file_root *root;
	struct mime_table *mime; /* may be NULL */
	struct cache_file *bucket[CACHE_BUCKETS];
	struct ring used; /* the one used last is at the end */
	size_t bytes, max_bytes;
	unsigned files, fds, max_files, max_fds;
	uint64_t hits, misses;
};

/* When it is. */
struct cache_time {
	uint64_t now_ms;   /* monotonic */
	uint64_t since_ms; /* what was checked at this time or later is believed */
	int64_t now_sec;   /* real */
};

void cache_init(struct cache *c, const struct file_root *root);
void cache_done(struct cache *c);
/*
 * Looks up @path (as target_to_path() gives it). Returns 200 with a reference in *ret, to be given
 * back, a status as file_look() does, or CACHE_LATER when the disk would have to be waited for:
 * somebody else then looks, and cache_fill() takes what was found.
 */
int cache_get(struct cache *c, const char *path, size_t len, const struct cache_time *t,
	      struct cache_file **ret);
/* The entry of @path, whatever it is a path to, when there is one to be believed; else NULL. */
struct cache_file *cache_peek(struct cache *c, const char *path, size_t len,
			      const struct cache_time *t);
/* @found is what file_look() said with @status for @path: takes what is in it. */
void cache_fill(struct cache *c, const char *path, size_t len, int status, struct file_found *found,
		const struct cache_time *t);
/* Puts what is not a file under @key: takes @body. It has no validators. */
void cache_put_text(struct cache *c, const char *key, size_t len, int status, const char *type,
		    char *body, size_t body_len, const struct cache_time *t);
/* An entry of its own, outside any cache, with one reference. Takes @body. NULL: memory is out. */
struct cache_file *cache_text_new(const char *type, char *body, size_t len);
void cache_put(struct cache_file *f);
/* Closes what is not being sent, so that there are descriptors again. */
void cache_shed(struct cache *c);
/* Forgets everything. */
void cache_clear(struct cache *c);

#endif
