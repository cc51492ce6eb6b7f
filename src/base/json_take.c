/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_take - values out of a document, each with the type that is wanted, and how others are
 * refused: path, line:column, what was found, what is allowed.
 *
 * Absent and wrong are never the same: a member of another type is an error, and so is asking for
 * a member of what is no object. Integers are read from the text, since cJSON's are doubles.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json_doc.h"
#include "base/json_scan.h"
#include "tinyrun/str.h"

#define PATH_SHOWN  160 /* bytes of a path in a message */
#define VALUE_SHOWN 40  /* bytes of a value */

static bool is_plain_key(const char *key)
{
	for (const char *p = key; *p; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		      (*p >= '0' && *p <= '9') || *p == '_' || *p == '-'))
			return false;
	return *key != 0;
}

/* What does not fit is cut; a path that long helps nobody. */
static void add_to_path(const struct json *at, char *out, size_t size, size_t *len)
{
	size_t left = size - *len;
	int n;

	if (!at->key)
		n = snprintf(out + *len, left, "[%zu]", at->index);
	else if (is_plain_key(at->key))
		n = snprintf(out + *len, left, "%s%s", *len > 0 ? "." : "", at->key);
	else
		n = snprintf(out + *len, left, "[\"%s\"]", at->key);
	if (n > 0)
		*len += (size_t)n < left ? (size_t)n : left - 1;
}

const char *json_path(const struct json *at, char *out, size_t size)
{
	const struct json *way[JSON_MAX_DEPTH + 2]; /* a missing member is one level more */
	size_t n = 0, len = 0;

	if (size > 0)
		out[0] = 0;
	for (; at->up && n < sizeof(way) / sizeof(way[0]); at = at->up)
		way[n++] = at;
	while (size > 0 && n > 0)
		add_to_path(way[--n], out, size, &len);
	return out;
}

int json_refuse(const struct json *at, struct err *e, const char *fmt, ...)
{
	char path[PATH_SHOWN], message[ERR_FRAME_SIZE];
	const char *name = json_doc_name(at->doc);
	size_t line, column;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, ap); /* err_user() says where it was cut */
	va_end(ap);
	json_place(at, &line, &column);
	json_path(at, path, sizeof(path));
	if (path[0] == 0)
		return err_user(e, "%s:%zu:%zu: %s", name, line, column, message);
	return err_user(e, "%s (%s:%zu:%zu): %s", path, name, line, column, message);
}

/* The value as it is written, when that is short; else its beginning. */
static const char *found(const struct json *at, char out[VALUE_SHOWN + sizeof("...\"")])
{
	const char *text, *tail;
	size_t len, shown = VALUE_SHOWN;

	switch (json_kind(at)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	default:
		break;
	}
	text = json_text(at, &len);
	if (len <= VALUE_SHOWN) {
		memcpy(out, text, len);
		out[len] = 0;
		return out;
	}
	while (((unsigned char)text[shown] & 0xc0) == 0x80)
		shown--;
	memcpy(out, text, shown);
	tail = *text == '"' ? "...\"" : "...";
	memcpy(out + shown, tail, strlen(tail) + 1);
	return out;
}

static int refuse_type(const struct json *at, const char *want, struct err *e)
{
	char text[VALUE_SHOWN + sizeof("...\"")];

	return json_refuse(at, e, "found %s, want %s", found(at, text), want);
}

bool json_is_object(const struct json *at)
{
	return json_kind(at) == JSON_OBJECT;
}

bool json_is_array(const struct json *at)
{
	return json_kind(at) == JSON_ARRAY;
}

bool json_is_string(const struct json *at)
{
	return json_kind(at) == JSON_STRING;
}

int json_want_object(const struct json *at, struct err *e)
{
	return json_is_object(at) ? 0 : refuse_type(at, "an object", e);
}

int json_want_array(const struct json *at, struct err *e)
{
	return json_is_array(at) ? 0 : refuse_type(at, "an array", e);
}

int json_str(const struct json *at, const char **ret, struct err *e)
{
	if (!json_is_string(at))
		return refuse_type(at, "a string", e);
	*ret = json_chars(at);
	return 0;
}

int json_bool(const struct json *at, bool *ret, struct err *e)
{
	enum json_kind kind = json_kind(at);

	if (kind != JSON_TRUE && kind != JSON_FALSE)
		return refuse_type(at, "true or false", e);
	*ret = kind == JSON_TRUE;
	return 0;
}

/* The digits of a number as a string for str_to_x(), which refuses fractions and exponents. */
static int number_text(const struct json *at, char out[JSON_MAX_NUMBER + 1])
{
	const char *text;
	size_t len;

	if (json_kind(at) != JSON_NUMBER)
		return -EINVAL;
	text = json_text(at, &len);
	memcpy(out, text, len);
	out[len] = 0;
	return 0;
}

int json_u64(const struct json *at, uint64_t max, uint64_t *ret, struct err *e)
{
	char text[JSON_MAX_NUMBER + 1], want[64];

	if (number_text(at, text) == 0 && str_to_u64(text, max, ret) == 0)
		return 0;
	(void)snprintf(want, sizeof(want), "an integer from 0 to %" PRIu64, max);
	return refuse_type(at, want, e);
}

int json_i64(const struct json *at, int64_t min, int64_t max, int64_t *ret, struct err *e)
{
	char text[JSON_MAX_NUMBER + 1], want[80];

	if (number_text(at, text) == 0 && str_to_i64(text, min, max, ret) == 0)
		return 0;
	(void)snprintf(want, sizeof(want), "an integer from %" PRId64 " to %" PRId64, min, max);
	return refuse_type(at, want, e);
}

/* 1 and *ret set when the member is there, 0 when not, negative when @obj can have none. */
static int find(const struct json *obj, const char *key, struct json *ret, struct err *e)
{
	int r = json_want_object(obj, e);

	return r < 0 ? r : json_member(obj, key, ret);
}

int json_get_str(const struct json *obj, const char *key, const char **ret, struct err *e)
{
	struct json at;
	int r = find(obj, key, &at, e);

	return r > 0 ? json_str(&at, ret, e) : r;
}

int json_get_bool(const struct json *obj, const char *key, bool *ret, struct err *e)
{
	struct json at;
	int r = find(obj, key, &at, e);

	return r > 0 ? json_bool(&at, ret, e) : r;
}

int json_get_u32(const struct json *obj, const char *key, uint32_t *ret, struct err *e)
{
	struct json at;
	uint64_t value;
	int r = find(obj, key, &at, e);

	if (r > 0) {
		r = json_u64(&at, UINT32_MAX, &value, e);
		if (r == 0)
			*ret = (uint32_t)value;
	}
	return r;
}

int json_get_u64(const struct json *obj, const char *key, uint64_t *ret, struct err *e)
{
	struct json at;
	int r = find(obj, key, &at, e);

	return r > 0 ? json_u64(&at, UINT64_MAX, ret, e) : r;
}

int json_get_i64(const struct json *obj, const char *key, int64_t *ret, struct err *e)
{
	struct json at;
	int r = find(obj, key, &at, e);

	return r > 0 ? json_i64(&at, INT64_MIN, INT64_MAX, ret, e) : r;
}

int json_need(const struct json *obj, const char *key, const char *what, struct json *ret,
	      struct err *e)
{
	const struct json missing = {.doc = obj->doc, .node = obj->node, .up = obj, .key = key};
	int r = find(obj, key, ret, e);

	if (r == 0)
		return json_refuse(&missing, e, "is missing: %s", what);
	return r < 0 ? r : 0;
}
