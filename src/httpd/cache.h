/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache - files a worker has open, and the bytes of the small ones.
 *
 * Each worker has its own, so there are no locks. An entry is believed for CACHE_FRESH_MS; after
 * that the path is opened again, and the entry is replaced when anything about the file changed.
 */
#ifndef HTTPD_CACHE_H
#define HTTPD_CACHE_H

#include "httpd/date.h"
#include "httpd/file.h"
#include "httpd/ring.h"

#define CACHE_FRESH_MS  1000
#define CACHE_BODY_MAX  16384     /* what is larger is sent from its descriptor */
#define CACHE_BYTES_MAX (8 << 20) /* bodies of all entries */
#define CACHE_FILES_MAX 4096      /* entries */
#define CACHE_FDS_MAX   64        /* entries that hold a descriptor */
#define CACHE_BUCKETS   4096
#define CACHE_ETAG_LEN  18 /* "0123456789abcdef" with its quotes */

struct cache_file {
	struct cache_file *chain; /* in its bucket */
	struct ring used;         /* by last use */
	uint64_t hash, checked_ms;
	struct file_version version;
	unsigned refs; /* the cache's own and one for each answer under way */
	int fd;        /* -1 when the body is here */
	char *body;    /* NULL when it is to be sent from fd */
	const char *type;
	char etag[CACHE_ETAG_LEN + 1];
	char modified[DATE_LEN + 1];
	int64_t modified_sec; /* never in the future */
	uint32_t path_len;
	char path[];
};

struct cache {
	const struct file_root *root;
	struct cache_file *bucket[CACHE_BUCKETS];
	struct ring used; /* the one used last is at the end */
	size_t bytes;
	unsigned files, fds;
};

void cache_init(struct cache *c, const struct file_root *root);
void cache_done(struct cache *c);
/*
 * Looks up @path (as target_to_path() gives it). Returns 200 with a reference in *ret, to be given
 * back, or a status as file_open() does. @now_ms is the monotonic clock, @now_sec the real one.
 */
int cache_get(struct cache *c, const char *path, size_t len, uint64_t now_ms, int64_t now_sec,
	      struct cache_file **ret);
void cache_put(struct cache_file *f);
/* Closes what is not being sent, so that there are descriptors again. */
void cache_shed(struct cache *c);

#endif
