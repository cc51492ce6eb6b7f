/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a JSON document: refused with a message, or good to walk through, with every value
 * inside the text and every path, number and string readable.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tinyrun/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(const struct json *at)
{
	struct err e = ERR_INIT;
	char path[64], message[ERR_STR_SIZE];
	const char *str;
	uint64_t u;
	int64_t i;
	bool b;

	if (json_str(at, &str, &e) == 0 && strlen(str) > JSON_MAX_SIZE)
		abort();
	(void)json_u64(at, UINT64_MAX, &u, &e);
	(void)json_i64(at, INT64_MIN, INT64_MAX, &i, &e);
	(void)json_bool(at, &b, &e);
	if (strlen(json_path(at, path, sizeof(path))) >= sizeof(path))
		abort();
	if (json_refuse(at, &e, "looked at") >= 0 || strlen(err_str(&e, message, 100)) >= 100)
		abort();
}

static void check_text(const struct json *at, const char *whole, size_t whole_len)
{
	struct json_doc *doc = NULL;
	struct err e = ERR_INIT;
	const char *text;
	size_t len;

	text = json_text(at, &len);
	if (text < whole || len == 0 || text + len > whole + whole_len)
		abort();
	/* A value's own text is a document, which is costly to try for long ones. */
	if (len < 256 && json_parse(text, len, "part", &doc, &e) < 0)
		abort();
	json_free(&doc);
}

static void walk(const struct json *at, const char *whole, size_t whole_len)
{
	struct json it = {.node = NULL}, member;
	size_t n = 0;

	take(at);
	check_text(at, whole, whole_len);
	while (json_next(at, &it)) {
		n++;
		if (it.key && json_member(at, it.key, &member) && member.node != it.node)
			abort();
		walk(&it, whole, whole_len);
	}
	if (n != json_count(at))
		abort();
}

/* With a part left unread: the same values at the same places, but for that part. */
static void compare(const struct json *whole, const struct json *part)
{
	struct json a = {.node = NULL}, b = {.node = NULL};
	size_t len_a, len_b;
	const char *text_a = json_text(whole, &len_a), *text_b = json_text(part, &len_b);

	if (len_a != len_b || memcmp(text_a, text_b, len_a) != 0)
		abort();
	if (json_is_unread(part))
		return;
	while (json_next(whole, &a)) {
		if (!json_next(part, &b))
			abort();
		compare(&a, &b);
	}
	if (json_next(part, &b))
		abort();
}

static void parse_without(const uint8_t *data, size_t size, const struct json_doc *whole)
{
	static const struct json_part part = {"a", "b", "c"};
	struct json_doc *doc = NULL;
	struct err e = ERR_INIT;
	struct json root, whole_root;

	if (json_parse_without((const char *)data, size, "fuzz", &part, &doc, &e) < 0) {
		if (whole)
			abort();
		return;
	}
	root = json_root(doc);
	if (whole) {
		whole_root = json_root(whole);
		compare(&whole_root, &root);
	}
	json_free(&doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_doc *doc = NULL;
	struct err e = ERR_INIT;
	struct json root;
	const char *whole;
	size_t len;

	if (json_parse((const char *)data, size, "fuzz", &doc, &e) < 0) {
		if (e.depth == 0 || e.frame[0][0] == 0)
			abort();
		parse_without(data, size, NULL);
		return 0;
	}
	parse_without(data, size, doc);
	whole = json_doc_text(doc, &len);
	root = json_root(doc);
	walk(&root, whole, len);
	json_free(&doc);
	return 0;
}
