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

#include "httpd/mime.h"
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

void cache_done(struct cache *c)
{
	while (!ring_empty(&c->used))
		forget(c, file_of(c->used.next));
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
	while (c->files > CACHE_FILES_MAX || c->bytes > CACHE_BYTES_MAX)
		forget(c, file_of(c->used.next));
	while (c->fds > CACHE_FDS_MAX)
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

/* Small files are read now and need no descriptor any more. */
static void load_body(struct cache_file *f)
{
	if (f->version.size > CACHE_BODY_MAX)
		return;
	f->body = malloc(f->version.size + 1);
	if (f->body && file_read(f->fd, f->body, f->version.size)) {
		fd_close(&f->fd);
		return;
	}
	free(f->body);
	f->body = NULL;
}

/* Takes *fd. NULL when memory is out. */
static struct cache_file *make(uint64_t hash, const char *path, size_t len, int *fd,
			       const struct file_version *version, int64_t now_sec)
{
	struct cache_file *f = calloc(1, sizeof(*f) + len + 1);

	if (!f)
		return NULL;
	f->hash = hash;
	f->version = *version;
	f->refs = 1;
	f->fd = fd_take(fd);
	memcpy(f->path, path, len);
	f->path_len = (uint32_t)len;
	f->type = len == 0 || path[len - 1] == '/' ? mime_type("index.html", 10)
						   : mime_type(path, len);
	f->modified_sec = clamp(version->mtime_sec, 0, now_sec);
	date_format(f->modified_sec, f->modified);
	etag_of(version, f->etag);
	load_body(f);
	return f;
}

static struct cache_file *find(struct cache *c, uint64_t hash, const char *path, size_t len)
{
	struct cache_file *f = c->bucket[hash % CACHE_BUCKETS];

	while (f && (f->hash != hash || f->path_len != len || memcmp(f->path, path, len) != 0))
		f = f->chain;
	return f;
}

static bool same_version(const struct file_version *a, const struct file_version *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->mtime_sec == b->mtime_sec && a->mtime_nsec == b->mtime_nsec &&
	       a->ctime_sec == b->ctime_sec && a->ctime_nsec == b->ctime_nsec;
}

static void add(struct cache *c, struct cache_file *f)
{
	f->chain = c->bucket[f->hash % CACHE_BUCKETS];
	c->bucket[f->hash % CACHE_BUCKETS] = f;
	ring_add_last(&c->used, &f->used);
	c->files++;
	c->fds += f->fd >= 0;
	c->bytes += f->body ? f->version.size : 0;
}

static int take(struct cache *c, struct cache_file *f, struct cache_file **ret)
{
	ring_remove(&f->used);
	ring_add_last(&c->used, &f->used);
	f->refs++;
	*ret = f;
	return 200;
}

int cache_get(struct cache *c, const char *path, size_t len, uint64_t now_ms, int64_t now_sec,
	      struct cache_file **ret)
{
	uint64_t hash = hash_of(path, len);
	struct cache_file *f = find(c, hash, path, len);
	struct file_version version;
	auto_fd int fd = -1;
	int status;

	if (f && now_ms - f->checked_ms < CACHE_FRESH_MS)
		return take(c, f, ret);
	status = file_open(c->root, path, &fd, &version);
	if (status == 503) {
		cache_shed(c);
		f = find(c, hash, path, len); /* it may be gone as well */
		status = file_open(c->root, path, &fd, &version);
	}
	if (f && (status != 200 || !same_version(&version, &f->version))) {
		forget(c, f);
		f = NULL;
	}
	if (status != 200)
		return status;
	if (!f) {
		f = make(hash, path, len, &fd, &version, now_sec);
		if (!f)
			return 503;
		add(c, f);
	}
	f->checked_ms = now_ms;
	status = take(c, f, ret);
	keep_bounds(c);
	return status;
}
