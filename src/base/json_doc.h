/* SPDX-License-Identifier: Apache-2.0 */
/* json_doc - what the halves of json share: json.c knows the tree, json_take.c words messages. */
#ifndef BASE_JSON_DOC_H
#define BASE_JSON_DOC_H

#include "tinyrun/json.h"

enum json_kind {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

enum json_kind json_kind(const struct json *at);
/* The text of a JSON_STRING, its escapes undone. */
const char *json_chars(const struct json *at);
const char *json_doc_name(const struct json_doc *doc);
void json_place(const struct json *at, size_t *ret_line, size_t *ret_column);

#endif
