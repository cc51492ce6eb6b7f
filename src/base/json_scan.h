/* SPDX-License-Identifier: Apache-2.0 */
/* json_scan - JSON's grammar, read strictly, and where each value stands. */
#ifndef BASE_JSON_SCAN_H
#define BASE_JSON_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include "tinyrun/err.h"
#include "tinyrun/json.h"

#define JSON_MAX_DEPTH  64
#define JSON_MAX_NUMBER 63 /* characters: what cJSON copies before it converts */

/* Where the part was that stays unread; @len is 0 when there is none. */
struct json_skip {
	const struct json_part *part;
	size_t at, len;
};

/*
 * Refuses @text, called @name in messages, unless it is one JSON value of at most JSON_MAX_SIZE
 * bytes. *ret_offsets (the caller's) is where each of the *ret_n values begins, in their order.
 * @skip may be NULL. What it says to skip is one value, and is not checked.
 */
int json_scan(const char *text, size_t len, const char *name, struct json_skip *skip,
	      uint32_t **ret_offsets, size_t *ret_n, struct err *e);
/* The length of the value at @text, in a document that json_scan() has passed. */
size_t json_scan_length(const char *text);
/* Line and column of @offset, from 1; a column is a character. */
void json_scan_place(const char *text, size_t offset, size_t *ret_line, size_t *ret_column);

#endif
