/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache - files a worker has open, and the bytes of the small ones.
 *
 * A table of chains, a ring by last use, and three bounds (entries, bytes, descriptors); who was
 * not used for longest leaves first. An entry never changes: when its file does, a new one takes
 * its place, and an answer under way keeps the old by its reference.
 */
#include "httpd/cache.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tinyrun/fd.h"

/* FNV-1a, with the high half folded in for the bucket. */
static uint64_t hash_of(const char *path, size_t len)
{
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)path[i]) * 0x100000001b3;
	return h ^ (h >> 32);
}

static struct cache_file *file_of(struct ring *used)
{
	return ring_entry(used, struct cache_file, used);
}

void cache_init(struct cache *c, const struct file_root *root)
{
	memset(c, 0, sizeof(*c));
	c->root = root;
	c->max_bytes = CACHE_BYTES_MAX;
	c->max_files = CACHE_FILES_MAX;
	c->max_fds = CACHE_FDS_MAX;
	ring_init(&c->used);
}

void cache_put(struct cache_file *f)
{
	if (--f->refs > 0)
		return;
	fd_close(&f->fd);
	free(f->body);
	free(f);
}

static void forget(struct cache *c, struct cache_file *f)
{
	struct cache_file **link = &c->bucket[f->hash % CACHE_BUCKETS];

	while (*link != f)
		link = &(*link)->chain;
	*link = f->chain;
	ring_remove(&f->used);
	c->files--;
	c->fds -= f->fd >= 0;
	c->bytes -= f->body ? f->version.size : 0;
	cache_put(f);
}

void cache_clear(struct cache *c)
{
	while (!ring_empty(&c->used))
		forget(c, file_of(c->used.next));
}

void cache_done(struct cache *c)
{
	cache_clear(c);
	mime_put(c->mime);
	c->mime = NULL;
}

void cache_shed(struct cache *c)
{
	struct ring *next;

	for (struct ring *r = c->used.next; r != &c->used; r = next) {
		next = r->next;
		if (file_of(r)->fd >= 0)
			forget(c, file_of(r));
	}
}

static void forget_oldest_fd(struct cache *c)
{
	struct ring *r = c->used.next;

	while (file_of(r)->fd < 0)
		r = r->next;
	forget(c, file_of(r));
}

static void keep_bounds(struct cache *c)
{
	while (c->files > 1 && (c->files > c->max_files || c->bytes > c->max_bytes))
		forget(c, file_of(c->used.next));
	while (c->fds > c->max_fds)
		forget_oldest_fd(c);
}

/* One round of a 64-bit finaliser: every bit of @v ends up in every bit of the result. */
static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) + 0x9e3779b97f4a7c15;
	h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9;
	h = (h ^ (h >> 27)) * 0x94d049bb133111eb;
	return h ^ (h >> 31);
}

/* A digest, so that inode numbers stay our own affair. */
static void etag_of(const struct file_version *v, char out[CACHE_ETAG_LEN + 1])
{
	static const char hex[] = "0123456789abcdef";
	uint64_t h = mix(mix(mix(0, v->dev), v->ino), v->size);

	h = mix(mix(h, (uint64_t)v->mtime_sec), v->mtime_nsec);
	h = mix(mix(h, (uint64_t)v->ctime_sec), v->ctime_nsec);
	out[0] = out[CACHE_ETAG_LEN - 1] = '"';
	for (int i = 1; i < CACHE_ETAG_LEN - 1; i++, h >>= 4)
		out[i] = hex[h & 15];
	out[CACHE_ETAG_LEN] = 0;
}

static int64_t clamp(int64_t value, int64_t from, int64_t to)
{
	return value < from ? from : value > to ? to : value;
}

/* NULL when memory is out; then @body is freed. */
static struct cache_file *entry_new(uint64_t hash, const char *path, size_t len, int status,
				    const char *type, char *body)
{
	size_t type_size = strlen(type) + 1;
	struct cache_file *f = calloc(1, sizeof(*f) + len + 1 + type_size);

	if (!f) {
		free(body);
		return NULL;
	}
	ring_init(&f->used);
	f->hash = hash;
	f->refs = 1;
	f->status = status;
	f->fd = -1;
	f->body = body;
	memcpy(f->path, path, len);
	f->path_len = (uint32_t)len;
	f->type = f->path + len + 1;
	memcpy(f->type, type, type_size);
	return f;
}

static struct cache_file *find(struct cache *c, uint64_t hash, const char *path, size_t len)
{
	struct cache_file *f = c->bucket[hash % CACHE_BUCKETS];

	while (f && (f->hash != hash || f->path_len != len || memcmp(f->path, path, len) != 0))
		f = f->chain;
	return f;
}

static void add(struct cache *c, struct cache_file *f, uint64_t now_ms)
{
	f->checked_ms = now_ms;
	f->chain = c->bucket[f->hash % CACHE_BUCKETS];
	c->bucket[f->hash % CACHE_BUCKETS] = f;
	ring_add_last(&c->used, &f->used);
	c->files++;
	c->fds += f->fd >= 0;
	c->bytes += f->body ? f->version.size : 0;
	keep_bounds(c);
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
	const char *type = "";

	if (f && f->status == status &&
	    (status != 200 || file_same(&found->version, &f->version))) {
		f->checked_ms = t->now_ms;
		ring_remove(&f->used);
		ring_add_last(&c->used, &f->used);
		found_done(found);
		return;
	}
	if (f)
		forget(c, f);
	if (status == 200)
		type = mime_type(c->mime, found->name, strlen(found->name));
	f = entry_new(hash, path, len, status, type, found->body);
	found->body = NULL;
	if (!f) {
		found_done(found);
		return;
	}
	if (status == 200) {
		f->version = found->version;
		f->fd = fd_take(&found->fd);
		f->modified_sec = clamp(found->version.mtime_sec, 0, t->now_sec);
		date_format(f->modified_sec, f->modified);
		etag_of(&found->version, f->etag);
	}
	add(c, f, t->now_ms);
}

void cache_fill(struct cache *c, const char *path, size_t len, int status, struct file_found *found,
		const struct cache_time *t)
{
	fill(c, hash_of(path, len), path, len, status, found, t);
}

static int take(struct cache *c, struct cache_file *f, struct cache_file **ret)
{
	ring_remove(&f->used);
	ring_add_last(&c->used, &f->used);
	if (f->status != 200)
		return f->status;
	f->refs++;
	*ret = f;
	return 200;
}

int cache_get(struct cache *c, const char *path, size_t len, const struct cache_time *t,
	      struct cache_file **ret)
{
	uint64_t hash = hash_of(path, len);
	struct cache_file *f = find(c, hash, path, len);
	const struct file_version *known = f && f->status == 200 ? &f->version : NULL;
	struct file_found found;
	int status;

	if (f && f->checked_ms >= t->since_ms) {
		c->hits++;
		return take(c, f, ret);
	}
	c->misses++;
	status = file_look(c->root, path, FILE_NOW, known, &found);
	if (status == 503) {
		cache_shed(c); /* it may be gone as well */
		status = file_look(c->root, path, FILE_NOW, NULL, &found);
	}
	if (status == FILE_LATER || status >= 500) /* what passes is not to be remembered */
		return status;
	fill(c, hash, path, len, status, &found, t);
	f = find(c, hash, path, len);
	return f ? take(c, f, ret) : 503;
}

struct cache_file *cache_peek(struct cache *c, const char *path, size_t len,
			      const struct cache_time *t)
{
	struct cache_file *f = find(c, hash_of(path, len), path, len);

	return f && f->checked_ms >= t->since_ms ? f : NULL;
}

void cache_put_text(struct cache *c, const char *key, size_t len, int status, const char *type,
		    char *body, size_t body_len, const struct cache_time *t)
{
	uint64_t hash = hash_of(key, len);
	struct cache_file *f = find(c, hash, key, len);

	if (f)
		forget(c, f);
	f = entry_new(hash, key, len, status, type, body);
	if (!f)
		return;
	f->version.size = body_len;
	add(c, f, t->now_ms);
}

struct cache_file *cache_text_new(const char *type, char *body, size_t len)
{
	struct cache_file *f = entry_new(0, "", 0, 200, type, body);

	if (f)
		f->version.size = len;
	return f;
}
