/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chunk - where a chunked body ends: a pure function of bytes (RFC 9112 section 7.1).
 *
 * Nobody wants the content, so only its end is looked for; any split gives the same.
 */
#ifndef HTTPD_CHUNK_H
#define HTTPD_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHUNK_LINE_MAX    256  /* of a size with its extensions */
#define CHUNK_TRAILER_MAX 4096 /* fields behind the last chunk */

enum chunk_result { CHUNK_MORE, CHUNK_DONE, CHUNK_BAD, CHUNK_LARGE };

struct chunk {
	uint8_t state;
	uint32_t line;  /* bytes of the line or of the trailer so far */
	uint32_t left;  /* of the data */
	uint32_t total; /* bytes of data announced so far; never more than the bound */
};

void chunk_init(struct chunk *c);
/*
 * Looks at @len more bytes; *ret_used says how many belong to the body. CHUNK_BAD when they are
 * malformed, CHUNK_LARGE when the data is more than @max.
 */
enum chunk_result chunk_feed(struct chunk *c, const char *data, size_t len, uint32_t max,
			     size_t *ret_used);

#endif
