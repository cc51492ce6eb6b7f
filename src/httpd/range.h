/* SPDX-License-Identifier: Apache-2.0 */
/* range - the Range field, one range of bytes. */
#ifndef HTTPD_RANGE_H
#define HTTPD_RANGE_H

#include <stddef.h>
#include <stdint.h>

enum range_result {
	RANGE_IGNORED,       /* malformed, another unit, or more than one: answer with all of it */
	RANGE_ONE,           /* *ret_from and *ret_to (exclusive) are set */
	RANGE_UNSATISFIABLE, /* 416 */
};

enum range_result range_parse(const char *s, size_t len, uint64_t size, uint64_t *ret_from,
			      uint64_t *ret_to);

#endif
