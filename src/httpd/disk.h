/* SPDX-License-Identifier: Apache-2.0 */
/* disk - the jobs that a loop gives to the pool because they could wait for the disk. */
#ifndef HTTPD_DISK_H
#define HTTPD_DISK_H

#include "httpd/cache.h"
#include "httpd/listing.h"
#include "httpd/pool.h"

enum disk_kind {
	DISK_LOOK, /* look a path up and read a small body */
	DISK_LIST, /* list a directory */
	DISK_WARM, /* bring a piece of a large file into memory */
};

struct disk_job {
	struct pool_job job;
	enum disk_kind kind;
	/* for the loop alone: its place among the jobs under way, and who waits for it */
	struct ring place, waiting;
	const struct file_root *root;
	int status;
	struct file_found found;
	struct listing_spec spec;
	struct buf text;
	struct cache_file *file; /* a reference */
	uint64_t from, to;
	uint32_t len;
	char path[]; /* DISK_LIST: the key of the listing, which begins with the path and a 0 */
};

#define DISK_BUCKETS 64

/* The jobs that a loop has under way, so that none is done twice at a time. */
struct disk_table {
	struct ring bucket[DISK_BUCKETS];
};

#define DISK_KEY_EXTRA 4 /* bytes that a listing's key has behind its path */

/* The key in the cache of a listing of @path; @key has room for @len + DISK_KEY_EXTRA. */
void disk_list_key(const char *path, size_t len, const struct listing_spec *spec, char *key);
/* NULL when memory is out. */
struct disk_job *disk_look_new(const struct file_root *root, const char *path, size_t len);
struct disk_job *disk_list_new(const struct file_root *root, const char *path, size_t len,
			       const struct listing_spec *spec);
struct disk_job *disk_warm_new(struct cache_file *file, uint64_t from, uint64_t to);
void disk_table_init(struct disk_table *t);
/* Takes @d: returns it, or the one under way that does the same. *@ret_new: it is to be done. */
struct disk_job *disk_table_add(struct disk_table *t, struct disk_job *d, bool *ret_new);
/* Frees a job that nobody has submitted, or that is of no use any more. */
void disk_drop(struct disk_job *d);
/* Back in the loop: what was found goes into @cache, and the job is freed. */
void disk_finish(struct disk_job *d, struct cache *cache, const struct cache_time *t);

#endif
