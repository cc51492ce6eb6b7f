/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk - the jobs that a loop gives to the pool.
 *
 * A job owns all that it works with, so that a connection can end meanwhile; what it finds goes
 * through the cache, where the request, asked once more, meets it.
 */
#include "httpd/disk.h"

#include <stdlib.h>
#include <string.h>

#include "tinyrun/fd.h"

static void look(struct pool_job *job)
{
	struct disk_job *d = (struct disk_job *)job;

	d->status = file_look(d->root, d->path, FILE_WAIT, &d->found);
}

static void list(struct pool_job *job)
{
	struct disk_job *d = (struct disk_job *)job;
	struct listing listing;

	d->status = listing_read(d->root, d->path, d->spec.dotfiles, &listing);
	if (d->status == 200) {
		listing_sort(&listing, &d->spec);
		listing_write(&listing, d->path, &d->spec, &d->text);
		if (d->text.failed)
			d->status = 503;
	}
	listing_done(&listing);
}

static void warm(struct pool_job *job)
{
	struct disk_job *d = (struct disk_job *)job;

	file_warm(d->file->fd, d->from, d->to);
}

void disk_list_key(const char *path, size_t len, const struct listing_spec *spec, char *key)
{
	char *end = mempcpy(key, path, len);

	*end++ = 0;
	*end++ = spec->json ? 'j' : 'h';
	*end++ = (char)spec->sort;
	*end++ = spec->reverse ? 'r' : 'f';
}

static struct disk_job *job_new(enum disk_kind kind, size_t path_len,
				void (*run)(struct pool_job *))
{
	struct disk_job *d = calloc(1, sizeof(*d) + path_len + DISK_KEY_EXTRA + 1);

	if (!d)
		return NULL;
	d->kind = kind;
	d->job.run = run;
	d->found.fd = -1;
	d->len = (uint32_t)path_len;
	ring_init(&d->place);
	ring_init(&d->waiting);
	return d;
}

struct disk_job *disk_look_new(const struct file_root *root, const char *path, size_t len)
{
	struct disk_job *d = job_new(DISK_LOOK, len, look);

	if (!d)
		return NULL;
	d->root = root;
	memcpy(d->path, path, len);
	return d;
}

struct disk_job *disk_list_new(const struct file_root *root, const char *path, size_t len,
			       const struct listing_spec *spec)
{
	struct disk_job *d = job_new(DISK_LIST, len, list);

	if (!d)
		return NULL;
	d->root = root;
	d->spec = *spec;
	disk_list_key(path, len, spec, d->path);
	return d;
}

struct disk_job *disk_warm_new(struct cache_file *file, uint64_t from, uint64_t to)
{
	struct disk_job *d = job_new(DISK_WARM, 0, warm);

	if (!d)
		return NULL;
	d->file = file;
	file->refs++;
	d->from = from;
	d->to = to;
	return d;
}

void disk_table_init(struct disk_table *t)
{
	for (unsigned i = 0; i < DISK_BUCKETS; i++)
		ring_init(&t->bucket[i]);
}

static size_t key_len(const struct disk_job *d)
{
	return d->len + (d->kind == DISK_LIST ? DISK_KEY_EXTRA : 0);
}

static bool is_same(const struct disk_job *a, const struct disk_job *b)
{
	return a->kind == b->kind && a->file == b->file && a->from == b->from && a->to == b->to &&
	       a->len == b->len && memcmp(a->path, b->path, key_len(a)) == 0;
}

struct disk_job *disk_table_add(struct disk_table *t, struct disk_job *d, bool *ret_new)
{
	uint32_t h = d->kind + (uint32_t)(d->from >> 16);
	struct ring *bucket, *r;

	for (size_t i = 0; i < key_len(d); i++)
		h = (h ^ (uint8_t)d->path[i]) * 0x01000193;
	bucket = &t->bucket[h % DISK_BUCKETS];
	*ret_new = false;
	for (r = bucket->next; r != bucket; r = r->next) {
		struct disk_job *other = ring_entry(r, struct disk_job, place);

		if (!is_same(d, other))
			continue;
		disk_drop(d);
		return other;
	}
	ring_add_last(bucket, &d->place);
	*ret_new = true;
	return d;
}

static void finish_list(struct disk_job *d, struct cache *cache, const struct cache_time *t)
{
	const char *type = d->spec.json ? "application/json" : "text/html; charset=utf-8";
	bool ok = d->status == 200;

	cache_put_text(cache, d->path, d->len + DISK_KEY_EXTRA, d->status, ok ? type : "",
		       ok ? d->text.data : NULL, ok ? d->text.len : 0, t);
	if (ok)
		d->text = BUF_INIT;
}

void disk_drop(struct disk_job *d)
{
	ring_remove(&d->place);
	if (d->file)
		cache_put(d->file);
	buf_done(&d->text);
	fd_close(&d->found.fd);
	free(d->found.body);
	free(d);
}

void disk_finish(struct disk_job *d, struct cache *cache, const struct cache_time *t)
{
	if (d->kind == DISK_LOOK)
		cache_fill(cache, d->path, d->len, d->status, &d->found, t);
	else if (d->kind == DISK_LIST)
		finish_list(d, cache, t);
	disk_drop(d);
}
