/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache - files a worker has open, and the bytes of the small ones.
 *
 * A table of chains and three bounds (entries, bytes, descriptors). Who leaves is found by asking
 * around: who was asked for since the last time goes to the end, the first who was not leaves. So
 * a look-up writes to its own entry alone. An answer depends on nothing of an entry that changes:
 * when the file does, a new entry takes the place, and an answer under way keeps the old by its
 * reference.
 *
 * A file of some size is read into memory when it is asked for a second time: it gets a new entry,
 * since an entry is one piece of memory.
 */
#include "httpd/cache.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "httpd/cache_entry.h"
#include "tinyrun/fd.h"

#define FETCH_LINES 16 /* of 64 bytes */
#define ENTRY_LINES 26 /* of a small file, head and body */

static uint64_t fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Clients choose the paths: without the secret nobody can find many that share a bucket. */
static uint64_t hash_of(const struct cache *c, const char *path, size_t len)
{
	uint64_t h = c->secret ^ len, v = 0;
	size_t at = 0;

	for (; len - at > sizeof(v); at += sizeof(v)) {
		memcpy(&v, path + at, sizeof(v));
		h = fold(h ^ v, 0x9e3779b97f4a7c15 ^ c->secret);
	}
	if (at > 0) /* the last eight bytes: some of them again */
		memcpy(&v, path + len - sizeof(v), sizeof(v));
	else
		memcpy(&v, path, len);
	return fold(h ^ v, 0x94d049bb133111eb ^ c->secret);
}

static struct cache_file *file_of(struct ring *place)
{
	return ring_entry(place, struct cache_file, place);
}

static size_t bytes_of(const struct cache_file *f)
{
	return f->body ? f->version.size : 0;
}

void cache_init(struct cache *c, const struct file_root *root)
{
	memset(c, 0, sizeof(*c));
	c->root = root;
	c->max_bytes = CACHE_BYTES_MAX;
	c->max_files = CACHE_FILES_MAX;
	c->max_fds = CACHE_FDS_MAX;
	ring_init(&c->open);
	ring_init(&c->kept);
	(void)!getrandom(&c->secret, sizeof(c->secret), 0); /* small enough to be had at once */
}

void cache_put(struct cache_file *f)
{
	if (--f->refs > 0)
		return;
	fd_close(&f->fd);
	free(f->owned);
	free(f);
}

char *cache_file_path(const struct cache *c, const struct cache_file *f, char *out)
{
	char *end = mempcpy(out, f->path, f->path_len);

	if (f->path_len == 0 || end[-1] == '/') {
		const char *name = c->root->index[f->index];

		end = mempcpy(end, name, strlen(name));
	}
	*end = 0;
	return end;
}

static void forget(struct cache *c, struct cache_file *f)
{
	struct cache_file **link = &c->bucket[f->hash % CACHE_BUCKETS];

	while (*link != f)
		link = &(*link)->chain;
	*link = f->chain;
	ring_remove(&f->place);
	c->files--;
	c->fds -= f->fd >= 0;
	c->bytes -= bytes_of(f);
	f->forgotten = true;
	cache_put(f);
}

static void forget_all(struct cache *c, struct ring *ring)
{
	while (!ring_empty(ring))
		forget(c, file_of(ring->next));
}

void cache_clear(struct cache *c)
{
	forget_all(c, &c->open);
	forget_all(c, &c->kept);
}

void cache_done(struct cache *c)
{
	cache_clear(c);
	mime_put(c->mime);
	c->mime = NULL;
}

void cache_shed(struct cache *c)
{
	forget_all(c, &c->open);
}

/* The first that nobody asked for since it was last looked at, but not @keep. False: none other. */
static bool forget_one(struct cache *c, struct ring *ring, const struct cache_file *keep)
{
	struct cache_file *f = file_of(ring->next);

	if (ring_empty(ring) || (f == keep && f->place.next == ring))
		return false;
	for (; f == keep || f->hit; f = file_of(ring->next)) {
		f->hit = f == keep && f->hit;
		ring_remove(&f->place);
		ring_add_last(ring, &f->place);
	}
	forget(c, f);
	return true;
}

/* Who was just added stays, whatever the bounds are: somebody is about to ask for it. */
static void keep_bounds(struct cache *c, const struct cache_file *keep)
{
	while (c->fds > c->max_fds && forget_one(c, &c->open, keep))
		;
	while (c->bytes > c->max_bytes && forget_one(c, &c->kept, keep))
		;
	while (c->files > c->max_files &&
	       (forget_one(c, &c->kept, keep) || forget_one(c, &c->open, keep)))
		;
}

static struct cache_file *find(struct cache *c, uint64_t hash, const char *path, size_t len)
{
	struct cache_file *f = c->bucket[hash % CACHE_BUCKETS];

	while (f && (f->hash != hash || f->path_len != len || memcmp(f->path, path, len) != 0))
		f = f->chain;
	return f;
}

/* It was looked up just now. What has not changed for long is less likely to change next. */
static void note_check(struct cache_file *f, const struct cache_time *t)
{
	const struct file_version *v = &f->version;
	int64_t changed = v->mtime_sec > v->ctime_sec ? v->mtime_sec : v->ctime_sec;

	f->checked_ms = t->now_ms;
	f->extra_ms = 0;
	if (f->head_len > 0 && changed < t->now_sec - CACHE_LONG_SEC)
		f->extra_ms = CACHE_EXTRA_MS;
}

static bool is_fresh(const struct cache_file *f, const struct cache_time *t)
{
	return f->checked_ms + f->extra_ms >= t->since_ms;
}

static void add(struct cache *c, struct cache_file *f, const struct cache_time *t)
{
	note_check(f, t);
	f->chain = c->bucket[f->hash % CACHE_BUCKETS];
	c->bucket[f->hash % CACHE_BUCKETS] = f;
	ring_add_last(f->fd >= 0 ? &c->open : &c->kept, &f->place);
	c->files++;
	c->fds += f->fd >= 0;
	c->bytes += bytes_of(f);
	keep_bounds(c, f);
}

static void found_done(struct file_found *found)
{
	fd_close(&found->fd);
	free(found->body);
	found->body = NULL;
}

/* Takes what is in @found. */
static void fill(struct cache *c, uint64_t hash, const char *path, size_t len, int status,
		 struct file_found *found, const struct cache_time *t)
{
	struct cache_file *f = find(c, hash, path, len);
	struct cache_entry from = {
		.hash = hash,
		.path = path,
		.len = len,
		.status = status,
		.type = "",
		.body = found->body,
		.now_sec = t->now_sec,
	};

	if (f && f->status == status &&
	    (status != 200 ||
	     (f->version.young_ns == 0 && file_same(&found->version, &f->version)))) {
		note_check(f, t);
		found_done(found);
		return;
	}
	if (f)
		forget(c, f);
	if (status == 200) {
		from.index = found->index;
		from.type = mime_type(c->mime, found->name, strlen(found->name));
		from.version = &found->version;
		from.body_len = found->version.size;
	}
	found->body = NULL;
	f = cache_entry_new(&from);
	if (f) {
		f->fd = fd_take(&found->fd);
		add(c, f, t);
	}
	found_done(found);
}

void cache_fill(struct cache *c, const char *path, size_t len, int status, struct file_found *found,
		const struct cache_time *t)
{
	uint64_t hash = hash_of(c, path, len);
	struct cache_file *f;

	fill(c, hash, path, len, status, found, t);
	f = find(c, hash, path, len);
	if (f)
		f->awaited = true;
}

/*
 * It was asked for again: from now on from memory, when that has it and nobody sends it just now.
 * Returns the entry that there is then.
 */
static struct cache_file *load(struct cache *c, struct cache_file *f, const struct cache_time *t)
{
	struct cache_entry from = {
		.hash = f->hash,
		.path = f->path,
		.len = f->path_len,
		.status = f->status,
		.index = f->index,
		.type = f->type,
		.body_len = f->version.size,
		.version = &f->version,
		.now_sec = t->now_sec,
	};
	struct cache_file *loaded;

	if (f->version.size > CACHE_BODY_MAX || f->refs > 1 || c->max_bytes < f->version.size)
		return f;
	from.body = file_load_now(f->fd, &f->version);
	loaded = from.body ? cache_entry_new(&from) : NULL;
	if (!loaded)
		return f;
	add(c, loaded, t);
	loaded->checked_ms = f->checked_ms;
	loaded->extra_ms = f->extra_ms;
	loaded->hit = true;
	forget(c, f);
	return loaded;
}

/* Of many files few are in the processor's caches: the answer copies these lines one by one. */
static void fetch(const struct cache_file *f)
{
	if (!f->body)
		return;
#pragma GCC unroll 16
	for (size_t i = 0; i < FETCH_LINES; i++)
		__builtin_prefetch(f->head + 64 * i);
}

static int take(struct cache_file *f, struct cache_file **ret)
{
	if (f->status != 200)
		return f->status;
	fetch(f);
	f->refs++;
	*ret = f;
	return 200;
}

static int take_again(struct cache *c, struct cache_file *f, const struct cache_time *t,
		      struct cache_file **ret)
{
	if (f->awaited) {
		f->awaited = false;
		return take(f, ret);
	}
	f->hit = true;
	return take(f->fd >= 0 ? load(c, f, t) : f, ret);
}

/* What is there now. */
static int look(struct cache *c, uint64_t hash, const char *path, size_t len,
		const struct cache_time *t, struct cache_file **ret)
{
	struct cache_file *f;
	struct file_found found;
	int status;

	status = file_look(c->root, path, FILE_NOW, &found);
	if (status == 503) {
		cache_shed(c); /* there may be descriptors then */
		if (c->make_room)
			c->make_room(c);
		status = file_look(c->root, path, FILE_NOW, &found);
	}
	if (status == FILE_LATER || status >= 500) /* what passes is not to be remembered */
		return status;
	fill(c, hash, path, len, status, &found, t);
	f = find(c, hash, path, len);
	return f ? take(f, ret) : 503;
}

int cache_get(struct cache *c, const char *path, size_t len, const struct cache_time *t,
	      struct cache_file **ret)
{
	uint64_t hash = hash_of(c, path, len);
	struct cache_file *f = find(c, hash, path, len);

	if (f && is_fresh(f, t)) {
		c->hits++;
		return take_again(c, f, t, ret);
	}
	c->misses++;
	if (f && f->status == 200 && file_is_still(c->root, path, &f->version)) {
		note_check(f, t);
		return take_again(c, f, t, ret);
	}
	return look(c, hash, path, len, t, ret);
}

struct cache_file *const *cache_fetch_place(const struct cache *c, const char *path, size_t len)
{
	struct cache_file *const *place = &c->bucket[hash_of(c, path, len) % CACHE_BUCKETS];

	__builtin_prefetch(place);
	return place;
}

void cache_fetch(struct cache_file *const *place)
{
	const char *f = (const char *)*place; /* the first there, as a rule the one */

	if (!f)
		return;
#pragma GCC unroll 26
	for (size_t i = 0; i < ENTRY_LINES; i++)
		__builtin_prefetch(f + 64 * i);
}

struct cache_file *cache_peek(struct cache *c, const char *path, size_t len,
			      const struct cache_time *t)
{
	struct cache_file *f = find(c, hash_of(c, path, len), path, len);

	return f && is_fresh(f, t) ? f : NULL;
}

void cache_put_text(struct cache *c, const char *key, size_t len, int status, const char *type,
		    char *body, size_t body_len, const struct cache_time *t)
{
	struct cache_entry from = {
		.hash = hash_of(c, key, len),
		.path = key,
		.len = len,
		.status = status,
		.type = type,
		.body = body,
		.body_len = body_len,
	};
	struct cache_file *f = find(c, from.hash, key, len);

	if (f)
		forget(c, f);
	f = cache_entry_new(&from);
	if (f)
		add(c, f, t);
}

struct cache_file *cache_text_new(const char *type, char *body, size_t len)
{
	const struct cache_entry from = {
		.path = "",
		.status = 200,
		.type = type,
		.body = body,
		.body_len = len,
	};

	return cache_entry_new(&from);
}
