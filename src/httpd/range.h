/* SPDX-License-Identifier: Apache-2.0 */
/* range - the Range field: ranges of bytes. */
#ifndef HTTPD_RANGE_H
#define HTTPD_RANGE_H

#include <stddef.h>
#include <stdint.h>

#define RANGE_MAX 16 /* in one request, overlapping ones counted as one */

enum range_result {
	RANGE_IGNORED, /* malformed, another unit, or too many: answer with all of it */
	RANGE_GIVEN,
	RANGE_UNSATISFIABLE, /* 416 */
};

struct range {
	uint64_t from, to; /* [from, to) */
};

/* RANGE_GIVEN sets @ret and *@ret_n: at least one, none of which touches another. */
enum range_result range_parse(const char *s, size_t len, uint64_t size, struct range ret[RANGE_MAX],
			      unsigned *ret_n);

#endif
