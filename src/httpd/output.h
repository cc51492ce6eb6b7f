/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output - bytes on their way to a client.
 *
 * A worker has one large buffer, into which all the answers to one burst of requests are put and
 * sent with one call. Only what the client did not take at once is copied to a buffer of the
 * connection's own, so a connection that is idle has none.
 */
#ifndef HTTPD_OUTPUT_H
#define HTTPD_OUTPUT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct output {
	uint32_t len, size, sent;
	char data[];
};

/* NULL when memory is out. */
struct output *output_new(size_t size);
/* A copy of what @out has not sent. NULL when memory is out. */
struct output *output_keep(const struct output *out);
static inline size_t output_room(const struct output *out)
{
	return out->size - out->len;
}
/* Where @len bytes can be written, and after that: how far they went. */
static inline char *output_at(struct output *out, size_t len)
{
	assert(len <= output_room(out));
	return out->data + out->len;
}
static inline void output_end(struct output *out, const char *end)
{
	out->len = (uint32_t)(end - out->data);
}
/* These ask for room beforehand. */
static inline void output_add(struct output *out, const char *data, size_t len)
{
	assert(len <= output_room(out));
	memcpy(out->data + out->len, data, len);
	out->len += (uint32_t)len;
}
/*
 * The first @len bytes of an array of @size: all of it is copied, which needs no call when @size is
 * a constant, and what comes next is written over the rest.
 */
static inline void output_add_of(struct output *out, const char *data, size_t len, size_t size)
{
	assert(len <= size && size <= output_room(out));
	memcpy(out->data + out->len, data, size);
	out->len += (uint32_t)len;
}
static inline void output_str(struct output *out, const char *s)
{
	output_add(out, s, strlen(s));
}
void output_u64(struct output *out, uint64_t value);

#endif
