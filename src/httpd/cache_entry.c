/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache_entry - how a struct cache_file is made.
 *
 * One allocation has it all, in the order in which an answer needs it, so that a short file costs
 * one copy from memory that lies together.
 */
#include "httpd/cache_entry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALIDATORS_MAX (32 + CACHE_ETAG_LEN + DATE_LEN)
#define HEAD_MAX       (VALIDATORS_MAX + 128) /* and the type */

#define COMMON "Accept-Ranges: bytes\r\nX-Content-Type-Options: nosniff\r\n"
#define TYPE   "Content-Type: "

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
	if (v->young_ns > 0) /* what comes next may have the same times */
		h = mix(h, v->young_ns);
	out[0] = out[CACHE_ETAG_LEN - 1] = '"';
	for (int i = 1; i < CACHE_ETAG_LEN - 1; i++, h >>= 4)
		out[i] = hex[h & 15];
	out[CACHE_ETAG_LEN] = 0;
}

static int64_t clamp(int64_t value, int64_t from, int64_t to)
{
	return value < from ? from : value > to ? to : value;
}

/* The fields at @out; returns where they end. */
static char *write_head(struct cache_file *f, const struct cache_entry *from, char *out)
{
	size_t type_len = strlen(from->type);
	char modified[DATE_LEN + 1];
	int n;

	f->version = *from->version;
	f->modified_sec = clamp(f->version.mtime_sec, 0, from->now_sec);
	etag_of(&f->version, f->etag);
	date_format(f->modified_sec, modified);
	n = snprintf(out, VALIDATORS_MAX, "ETag: %s\r\nLast-Modified: %s\r\n", f->etag, modified);
	f->validators_len = (uint16_t)n;
	f->untyped_len = (uint16_t)(n + (int)strlen(COMMON));
	f->fields_len = (uint16_t)(f->untyped_len + strlen(TYPE) + type_len + strlen("\r\n"));
	n += snprintf(out + n, HEAD_MAX - VALIDATORS_MAX + type_len,
		      COMMON TYPE "%s\r\nContent-Length: %llu\r\n\r\n", from->type,
		      (unsigned long long)f->version.size);
	f->head_len = (uint16_t)n;
	f->head = out;
	return out + n;
}

struct cache_file *cache_entry_new(const struct cache_entry *from)
{
	size_t type_len = strlen(from->type);
	bool is_small = from->body_len <= CACHE_COPY_MAX;
	bool copied = from->body && (from->version || is_small);
	bool has_room = from->body && from->version && !is_small;
	size_t size = sizeof(struct cache_file) + from->len + 1 + type_len + 1 +
		      (has_room ? CACHE_ROOM : 0) + (from->version ? HEAD_MAX + type_len : 0) +
		      (copied ? from->body_len : 0);
	struct cache_file *f = malloc(size);
	char *at;

	if (!f) {
		free(from->body);
		return NULL;
	}
	*f = (struct cache_file){
		.hash = from->hash,
		.refs = 1,
		.status = (uint16_t)from->status,
		.index = (uint8_t)from->index,
		.path_len = (uint32_t)from->len,
		.fd = -1,
		.has_room = has_room,
		.version.size = from->body_len,
	};
	ring_init(&f->place);
	at = mempcpy(f->path, from->path, from->len);
	*at++ = 0;
	f->type = at;
	at = mempcpy(at, from->type, type_len + 1);
	if (from->version)
		at = write_head(f, from, has_room ? at + CACHE_ROOM : at);
	if (copied) {
		f->body = memcpy(at, from->body, from->body_len);
		free(from->body);
	} else {
		f->body = f->owned = from->body;
	}
	return f;
}
