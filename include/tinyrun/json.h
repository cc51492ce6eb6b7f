/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json - reading JSON strictly, with places for messages. The only door to cJSON.
 *
 * cJSON keeps numbers as doubles and no positions. After the parse one pass over the text, in step
 * with the tree, leaves the offset of each value in its node; from it come exact digits and
 * line:column. A document is refused for: more than 4 MiB, nesting above 64, duplicate keys, NUL in
 * strings, bytes that are not UTF-8, anything behind the value.
 *
 * A `struct json` is a cursor on the caller's stack; @up must outlive it. Strings that it hands out
 * belong to the document.
 */
#ifndef TINYRUN_JSON_H
#define TINYRUN_JSON_H

#include "tinyrun/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_doc;

struct json {
	const struct json_doc *doc;
	const void *node;
	const struct json *up; /* NULL at the root */
	const char *key;       /* NULL for an array's element */
	size_t index;          /* of an array's element */
};

#define JSON_MAX_SIZE ((size_t)4 << 20)

/* @name is what messages call the text ("config.json"). The text is copied. */
int json_parse(const char *text, size_t len, const char *name, struct json_doc **ret,
	       struct err *e);
/* Reads a regular file (O_NONBLOCK, fstat) below @dir_fd. */
int json_load(int dir_fd, const char *file, struct json_doc **ret, struct err *e);
/*
 * A part that may stay unread: the object that is the member @member of the member @object, unless
 * it has the text @unless in it. It is an object without members, of which only the text is known;
 * that is not even checked. Mostly nobody wants more.
 */
struct json_part {
	const char *object, *member, *unless;
};
int json_parse_without(const char *text, size_t len, const char *name, const struct json_part *part,
		       struct json_doc **ret, struct err *e);
int json_load_without(int dir_fd, const char *file, const struct json_part *part,
		      struct json_doc **ret, struct err *e);
bool json_is_unread(const struct json *at);
void json_free(struct json_doc **doc);
#define auto_json __attribute__((cleanup(json_free)))
/* The whole text as it was read. */
const char *json_doc_text(const struct json_doc *doc, size_t *ret_len);
/* Reads it once more, with all its parts. */
int json_parse_whole(const struct json_doc *doc, struct json_doc **ret, struct err *e);
struct json json_root(const struct json_doc *doc);

/* --- looking --- */
/* True and *ret set when @obj has a member @key that is not null. */
bool json_member(const struct json *obj, const char *key, struct json *ret);
/* The exact source text of a value. */
const char *json_text(const struct json *at, size_t *ret_len);
bool json_is_object(const struct json *at);
bool json_is_array(const struct json *at);
bool json_is_string(const struct json *at);
/* "process.user.uid", "mounts[3].options[0]". Returns @out. */
const char *json_path(const struct json *at, char *out, size_t size);
/* First/next member of an object or element of an array; *it starts zeroed. False at the end. */
bool json_next(const struct json *container, struct json *it);
size_t json_count(const struct json *container);

/* --- taking; each refuses another type with path, line:column, what was found, what is allowed ---
 */
int json_want_object(const struct json *at, struct err *e);
int json_want_array(const struct json *at, struct err *e);
int json_str(const struct json *at, const char **ret, struct err *e);
int json_bool(const struct json *at, bool *ret, struct err *e);
int json_u64(const struct json *at, uint64_t max, uint64_t *ret, struct err *e);
int json_i64(const struct json *at, int64_t min, int64_t max, int64_t *ret, struct err *e);

/* --- members: absent (or null) leaves *ret alone and returns 0 --- */
int json_get_str(const struct json *obj, const char *key, const char **ret, struct err *e);
int json_get_bool(const struct json *obj, const char *key, bool *ret, struct err *e);
int json_get_u32(const struct json *obj, const char *key, uint32_t *ret, struct err *e);
int json_get_u64(const struct json *obj, const char *key, uint64_t *ret, struct err *e);
int json_get_i64(const struct json *obj, const char *key, int64_t *ret, struct err *e);
/* Absent is refused too: "process.cwd (config.json:3:5): is missing: ...". */
int json_need(const struct json *obj, const char *key, const char *what, struct json *ret,
	      struct err *e);

/*
 * Refuses the value at @at: "PATH (NAME:LINE:COL): MESSAGE". The message says what was found and
 * what is allowed. Returns -EINVAL.
 */
int json_refuse(const struct json *at, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
