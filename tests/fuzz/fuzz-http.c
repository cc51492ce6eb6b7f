/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as HTTP requests, one behind the other: the parser gives the same for the whole and for
 * any split, its slices lie inside the head, and what it lets through has a path that is harmless.
 * The fields that have a grammar of their own (dates, ranges, codings) are read as well, and a body
 * that is chunked.
 *
 * fuzz: sources src/base/*.c src/httpd/[a-ln-z]*.c src/httpd/m[ei]*.c
 * fuzz: corpus tests/fuzz/corpus/http
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "httpd/choose.h"
#include "httpd/chunk.h"
#include "httpd/encoding.h"
#include "httpd/log.h"
#include "httpd/parse.h"
#include "httpd/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_slices(const struct parse *p)
{
	check(p->path.at + p->path.len <= p->pos && p->line.at + p->line.len <= p->pos);
	for (unsigned i = 0; i < FIELD_MAX; i++)
		check(p->value[i].at + p->value[i].len <= p->pos);
}

/* No component is empty; nothing is absolute. */
static void check_path(const struct parse *p, const char *head)
{
	char path[PARSE_TARGET_MAX + 1], encoded[3 * PARSE_TARGET_MAX];
	size_t len, n;

	if (target_to_path(head + p->path.at, p->path.len, path, &len) != 0 ||
	    target_is_hidden(path, len))
		return;
	check(strlen(path) == len && len <= p->path.len);
	for (size_t i = 0; i < len; i++)
		check((i > 0 && path[i - 1] != '/') || path[i] != '/');
	n = target_encode(path, len, encoded);
	for (size_t i = 0; i < n; i++)
		check(encoded[i] > ' ' && encoded[i] < 0x7f);
}

static void check_choice(const struct parse *p, const char *head)
{
	struct cache_file f = {.etag = "\"0123456789abcdef\"", .version.size = 1000};
	struct range ranges[RANGE_MAX];
	unsigned n;
	int status = choose_status(p, head, &f, 1767225600, ranges, &n);

	check(status == 200 || status == 206 || status == 304 || status == 412 || status == 416);
	check(status == 206 ? n > 0 && n <= RANGE_MAX : true);
	for (unsigned i = 0; status == 206 && i < n; i++) {
		check(ranges[i].from < ranges[i].to && ranges[i].to <= 1000);
		for (unsigned j = 0; j < i; j++)
			check(ranges[i].from > ranges[j].to || ranges[i].to < ranges[j].from);
	}
}

static void check_split(const char *text, size_t size, size_t at, const struct parse *whole)
{
	struct parse p;

	parse_init(&p);
	(void)parse_feed(&p, text, at);
	(void)parse_feed(&p, text, size);
	check(memcmp(&p, whole, sizeof(p)) == 0);
}

/* The whole and bytes one by one find the same end. */
static void check_chunks(const char *text, size_t size)
{
	enum chunk_result whole, piece = CHUNK_MORE;
	struct chunk a, b;
	size_t used, one, at = 0;

	chunk_init(&a);
	chunk_init(&b);
	whole = chunk_feed(&a, text, size, 65536, &used);
	while (piece == CHUNK_MORE && at < size) {
		piece = chunk_feed(&b, text + at, 1, 65536, &one);
		at += one;
	}
	check(used <= size && piece == whole && at == used);
}

static void check_codings(const struct parse *p, const char *head)
{
	struct encoding_wishes wishes = ENCODING_WISHES_INIT;
	enum encoding found[ENCODING_MAX];
	struct slice v = {0};

	while (parse_next_value(p, head, FIELD_ACCEPT_ENCODING, &v))
		encoding_note(&wishes, head + v.at, v.len);
	check(encoding_choose(&wishes, found) <= ENCODING_MAX);
}

/* As many as came, and the last is the one that is known. */
static void check_values(const struct parse *p, const char *head)
{
	for (unsigned field = 0; field < FIELD_MAX; field++) {
		struct slice v = {0}, last = {0};
		unsigned n = 0;

		for (; parse_next_value(p, head, field, &v); n++)
			last = v;
		check((n > 0) == parse_has(p, field) && (n == 1) == parse_has_one(p, field));
		check(n == 0 || (last.at == p->value[field].at && last.len == p->value[field].len));
	}
}

/* One line, whatever is in the request. */
static void check_log(const struct parse *p, const char *head)
{
	char line[LOG_LINE_MAX];

	for (enum log_format format = LOG_COMMON; format <= LOG_JSON; format++) {
		struct log_entry entry = {.p = p, .head = head, .status = 200};
		struct log log;
		size_t len;

		log_init(&log, format, NULL);
		len = log_format_line(&log, &entry, line);
		check(len <= sizeof(line) && memchr(line, '\n', len) == line + len - 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;

	for (int i = 0; i < 16 && size > 0; i++) {
		struct parse p;
		enum parse_result result;

		parse_init(&p);
		result = parse_feed(&p, text, size);
		for (size_t at = data[0] % 7; at < size && at < 2000; at += 13)
			check_split(text, size, at, &p);
		check(result != PARSE_BAD || p.status >= 400);
		if (result != PARSE_DONE)
			return 0;
		check_slices(&p);
		check_path(&p, text);
		check_choice(&p, text);
		check_codings(&p, text);
		check_values(&p, text);
		check_log(&p, text);
		text += p.pos;
		size -= p.pos;
		check_chunks(text, size);
	}
	return 0;
}
