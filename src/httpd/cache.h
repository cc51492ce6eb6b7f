/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache - files a worker has open, and the bytes of the small ones.
 *
 * Each worker has its own, so there are no locks. An entry is believed for CACHE_FRESH_MS, up to
 * CACHE_EXTRA_MS longer when its file has not changed for long; after that the path is
 * looked up again, and the entry is replaced when anything about the file changed. That a path is
 * not there is an entry as well, with the status of its refusal.
 */
#ifndef HTTPD_CACHE_H
#define HTTPD_CACHE_H

#include "httpd/date.h"
#include "httpd/file.h"
#include "httpd/mime.h"
#include "httpd/ring.h"

#define CACHE_FRESH_MS  1000
#define CACHE_EXTRA_MS  4000          /* the longer that a file is believed which */
#define CACHE_LONG_SEC  60            /* did not change for so long */
#define CACHE_BODY_MAX  FILE_BODY_MAX /* what is larger is sent from its descriptor */
#define CACHE_COPY_MAX  4096          /* what is larger is sent from where it is */
#define CACHE_ROOM      256           /* in front of the head of a file that is */
#define CACHE_BYTES_MAX (64 << 20)    /* bodies of all entries, when nothing else is said */
#define CACHE_LARGE     (2 << 20)     /* the same */
#define CACHE_FILES_MAX 16384         /* entries */
#define CACHE_FDS_MAX   64            /* entries that hold a descriptor */
#define CACHE_BUCKETS   16384
#define CACHE_ETAG_LEN  18 /* "0123456789abcdef" with its quotes */
#define CACHE_LATER     FILE_LATER

/*
 * The fields of an answer with the whole file are ready, and its body stands right behind them:
 * what depends on the request goes before.
 */
struct cache_file {
	struct file_version version;
	int64_t modified_sec; /* never in the future */
	struct ring place;    /* in one of the cache's rings */
	const char *type;
	char *owned;                   /* the body of what is not a file */
	char etag[CACHE_ETAG_LEN + 1]; /* "" for what is not a file */
	uint8_t index;                 /* which of the root's index files, of a directory */

	/* from here on what a look-up needs, side by side */
	struct cache_file *chain; /* in its bucket */
	uint64_t hash, checked_ms;
	unsigned refs;     /* the cache's own and one for each answer under way */
	uint16_t extra_ms; /* to be believed longer than CACHE_FRESH_MS */
	uint16_t status;   /* 200, or why there is nothing */
	int fd;            /* -1 when the body is here */
	uint32_t path_len;
	uint16_t validators_len; /* ETag and Last-Modified, the first of .head */
	uint16_t untyped_len;    /* and what is the same for all files */
	uint16_t fields_len;     /* and the type */
	uint16_t head_len;       /* and the length, with the empty line; 0 for what is not a file */
	bool hit;                /* asked for since it was last looked at for who could leave */
	bool awaited;            /* looked up for somebody who has not come back yet */
	bool forgotten;          /* by its cache */
	bool has_room;           /* CACHE_ROOM in front of .head, see cache_is_mine() */
	const char *body;        /* NULL when it is to be sent from fd */
	char *head;
	char path[]; /* then the type, the room, the head, the body */
};

struct cache {
	const struct file_root *root;
	/* may be NULL: called when there is no descriptor to look with */
	void (*make_room)(struct cache *c);
	struct mime_table *mime; /* may be NULL */
	struct cache_file *bucket[CACHE_BUCKETS];
	/* who is asked first to leave stands first: what has a descriptor, and all the rest */
	struct ring open, kept;
	uint64_t secret; /* nobody outside can say which paths share a bucket */
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
/*
 * Somebody is about to ask for @path: has the processor fetch what there is of it, in two steps
 * with a moment in between. The second takes what the first returns.
 */
struct cache_file *const *cache_fetch_place(const struct cache *c, const char *path, size_t len);
void cache_fetch(struct cache_file *const *place);
/* Is it more than processors have in their caches, so that cache_fetch() is of use? */
static inline bool cache_is_large(const struct cache *c)
{
	return c->bytes > CACHE_LARGE;
}
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
/* Writes the path of the file itself, for a directory that of its index file; returns its end. */
char *cache_file_path(const struct cache *c, const struct cache_file *f, char *out);
/* Has the caller the only reference to an entry of a cache? Then it may write to its room. */
static inline bool cache_is_mine(const struct cache_file *f)
{
	return f->refs == 2 && !f->forgotten;
}
/* Closes what is not being sent, so that there are descriptors again. */
void cache_shed(struct cache *c);
/* Forgets everything. */
void cache_clear(struct cache *c);

#endif
