/* SPDX-License-Identifier: Apache-2.0 */
/* parts - the body of an answer to several ranges: multipart/byteranges. */
#ifndef HTTPD_PARTS_H
#define HTTPD_PARTS_H

#include "httpd/output.h"
#include "httpd/range.h"

#include <stdbool.h>
#include <stdint.h>

#define PARTS_BOUNDARY_LEN 24
#define PARTS_HEAD_MAX     512 /* in front of a part */

struct parts {
	unsigned n, next;
	struct range at[RANGE_MAX];
	uint64_t size; /* of the file */
	const char *boundary, *type;
	char text[];
};

/* NULL when memory is out. Copies all it is given. */
struct parts *parts_new(const struct range *ranges, unsigned n, uint64_t size, const char *type,
			const char boundary[PARTS_BOUNDARY_LEN + 1]);
/* Of the whole body. */
uint64_t parts_length(const struct parts *p);
/*
 * Writes what stands in front of the next part; *ret is what of the file follows. False behind the
 * last: then it has written the end. Needs PARTS_HEAD_MAX of room.
 */
bool parts_next(struct parts *p, struct output *out, struct range *ret);

#endif
