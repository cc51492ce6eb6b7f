/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_scan - JSON's grammar, read strictly, and where each value stands.
 *
 * One pass without recursion: which kind of container each open level is takes one bit. It is
 * stricter than cJSON in everything, so that cJSON only ever sees what is good: it comes first.
 * Bytes are taken through peek(), which answers -1 at the end, as a good text has no byte 0.
 */
#include "base/json_scan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_pass.h"
#include "base/utf8.h"
#include "tinyrun/json.h"

struct scan {
	const unsigned char *text, *at, *end;
	const char *name;
	struct err *e;
	uint32_t *offsets;
	size_t n, size;
	struct json_skip *skip;  /* or NULL */
	bool in_object, at_part; /* below the key skip->part->object; behind that of the member */
	uint64_t is_object;      /* bit 0: the innermost open container; 1 the one around it ... */
	unsigned depth;
};

/* What the next step is; errors are negative. */
enum { VALUE_DONE, VALUE_NEXT };

_Static_assert(JSON_MAX_DEPTH <= 64, "one bit of is_object for each level");
_Static_assert(JSON_MAX_SIZE <= INT32_MAX, "an offset fits in cJSON's int");

static int peek(const struct scan *s)
{
	return s->at < s->end ? *s->at : -1;
}

static void skip_blanks(struct scan *s)
{
	while (s->at < s->end &&
	       (*s->at == ' ' || *s->at == '\n' || *s->at == '\t' || *s->at == '\r'))
		s->at++;
}

void json_scan_place(const char *text, size_t offset, size_t *ret_line, size_t *ret_column)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < offset; i++) {
		if (text[i] == '\n') {
			line++;
			column = 1;
		} else if (((unsigned char)text[i] & 0xc0) != 0x80) {
			column++;
		}
	}
	*ret_line = line;
	*ret_column = column;
}

__attribute__((format(printf, 3, 4))) static int refuse(struct scan *s, const unsigned char *at,
							const char *fmt, ...)
{
	size_t line, column;
	char message[160];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, ap); /* our own short texts */
	va_end(ap);
	json_scan_place((const char *)s->text, (size_t)(at - s->text), &line, &column);
	return err_user(s->e, "%s:%zu:%zu: %s", s->name, line, column, message);
}

static bool is_word_char(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || c == '.' || c == '+' || c == '-';
}

static size_t word_length(const unsigned char *at, const unsigned char *end)
{
	size_t n = 0;

	while (at + n < end && is_word_char(at[n]))
		n++;
	return n;
}

/* What stands at @s->at, for "expected ..., found ...". */
static const char *found(const struct scan *s, char out[48])
{
	size_t word = word_length(s->at, s->end);
	int c = peek(s);

	if (c < 0)
		return "the end of the text";
	if (c == '"')
		return "a string";
	if (word > 0)
		(void)snprintf(out, 48, "\"%.*s%s\"", word > 32 ? 32 : (int)word, s->at,
			       word > 32 ? "..." : "");
	else if (c > 0x20 && c < 0x7f)
		(void)snprintf(out, 48, "\"%c\"", c);
	else
		(void)snprintf(out, 48, "byte 0x%02x", (unsigned)c);
	return out;
}

static int refuse_found(struct scan *s, const char *expected)
{
	char text[48];

	return refuse(s, s->at, "expected %s, found %s", expected, found(s, text));
}

static int add_offset(struct scan *s)
{
	if (s->n == s->size) {
		size_t size = s->size ? 2 * s->size : 256;
		uint32_t *grown = reallocarray(s->offsets, size, sizeof(*grown));

		if (!grown)
			return err_num(s->e, ENOMEM, "read %s", s->name);
		s->offsets = grown;
		s->size = size;
	}
	s->offsets[s->n++] = (uint32_t)(s->at - s->text);
	return 0;
}

/* Four hexadecimal digits, or -1. */
static long hex4(const unsigned char *at, const unsigned char *end)
{
	long value = 0;

	if (end - at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int c = at[i];

		if (c >= '0' && c <= '9')
			c -= '0';
		else if (c >= 'a' && c <= 'f')
			c -= 'a' - 10;
		else if (c >= 'A' && c <= 'F')
			c -= 'A' - 10;
		else
			return -1;
		value = value * 16 + c;
	}
	return value;
}

/* Behind "\u": a character of its own, or two halves of one. */
static int scan_unicode(struct scan *s)
{
	const unsigned char *from = s->at - 2;
	long high = hex4(s->at, s->end), low = -1;

	if (high < 0)
		return refuse(s, from, "expected four hexadecimal digits after \\u in a string");
	if (high == 0)
		return refuse(s, from, "found \\u0000 in a string: a 0 byte is not allowed");
	s->at += 4;
	if (high < 0xd800 || high > 0xdfff)
		return 0;
	if (high < 0xdc00 && s->end - s->at >= 6 && s->at[0] == '\\' && s->at[1] == 'u')
		low = hex4(s->at + 2, s->end);
	if (low < 0xdc00 || low > 0xdfff)
		return refuse(s, from, "found half of a surrogate pair in a string");
	s->at += 6;
	return 0;
}

/* At a backslash. */
static int scan_escape(struct scan *s)
{
	s->at++;
	if (peek(s) == 'u') {
		s->at++;
		return scan_unicode(s);
	}
	/* strchr() finds the 0 behind its string too. */
	if (peek(s) <= 0 || !strchr("\"\\/bfnrt", peek(s)))
		return refuse(s, s->at - 1,
			      "expected one of \" \\ / b f n r t u after \\ in a string");
	s->at++;
	return 0;
}

/* In a string, at what is not a plain character and not its end. */
static int scan_special(struct scan *s)
{
	int c = peek(s);
	unsigned len;

	if (c == '\\')
		return scan_escape(s);
	if (c < 0)
		return refuse(s, s->at,
			      "expected '\"' at the end of a string, found the end of "
			      "the text");
	if (c < 0x20)
		return refuse(s, s->at, "found byte 0x%02x in a string: write it as \\u%04x",
			      (unsigned)c, (unsigned)c);
	len = utf8_len(s->at, (size_t)(s->end - s->at));
	if (len == 0)
		return refuse(s, s->at, "found byte 0x%02x in a string, which is not UTF-8",
			      (unsigned)c);
	s->at += len;
	return 0;
}

/* At the opening quote. */
static int scan_string(struct scan *s)
{
	s->at++;
	for (;;) {
		int r;

		while (s->at < s->end && *s->at >= 0x20 && *s->at < 0x80 && *s->at != '"' &&
		       *s->at != '\\')
			s->at++;
		if (peek(s) == '"')
			break;
		r = scan_special(s);
		if (r < 0)
			return r;
	}
	s->at++;
	return 0;
}

static const unsigned char *skip_digits(const unsigned char *at, const unsigned char *end)
{
	while (at < end && *at >= '0' && *at <= '9')
		at++;
	return at;
}

/* The end of the number that @at begins with, by the letter of the grammar; NULL when none. */
static const unsigned char *number_end(const unsigned char *at, const unsigned char *end)
{
	const unsigned char *digits;

	if (at < end && *at == '-')
		at++;
	digits = at;
	at = skip_digits(at, end);
	if (at == digits || (*digits == '0' && at - digits > 1))
		return NULL;
	if (at < end && *at == '.') {
		digits = ++at;
		at = skip_digits(at, end);
		if (at == digits)
			return NULL;
	}
	if (at < end && (*at == 'e' || *at == 'E')) {
		at++;
		if (at < end && (*at == '+' || *at == '-'))
			at++;
		digits = at;
		at = skip_digits(at, end);
		if (at == digits)
			return NULL;
	}
	return at;
}

/* true, false, null or a number: all that is written without quotes or brackets. */
static int scan_word(struct scan *s)
{
	static const char *const words[] = {"true", "false", "null"};
	size_t len = word_length(s->at, s->end);
	char text[48];

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (len == strlen(words[i]) && memcmp(s->at, words[i], len) == 0) {
			s->at += len;
			return 0;
		}
	}
	if (len == 0 || (*s->at != '-' && (*s->at < '0' || *s->at > '9')))
		return refuse_found(s, "a value");
	if (number_end(s->at, s->at + len) != s->at + len)
		return refuse(s, s->at, "found %s, which is not a JSON number", found(s, text));
	if (len > JSON_MAX_NUMBER)
		return refuse(s, s->at, "found a number of %zu characters, allowed are %d", len,
			      JSON_MAX_NUMBER);
	s->at += len;
	return 0;
}

/* Whether the key is on the way to the part that stays unread. */
static void note_key(struct scan *s, const unsigned char *key, size_t len)
{
	const char *wanted;
	bool is_wanted;

	if (!s->skip || s->depth > 2)
		return;
	wanted = s->depth == 1 ? s->skip->part->object : s->skip->part->member;
	is_wanted = strlen(wanted) == len && memcmp(key, wanted, len) == 0;
	if (s->depth == 1)
		s->in_object = is_wanted;
	else
		s->at_part = is_wanted && s->in_object && s->skip->len == 0;
}

/* A key, its colon and the blanks around them. */
static int scan_key(struct scan *s, const char *expected)
{
	const unsigned char *key;
	int r;

	skip_blanks(s);
	if (peek(s) != '"')
		return refuse_found(s, expected);
	key = s->at + 1;
	r = scan_string(s);
	if (r < 0)
		return r;
	note_key(s, key, (size_t)(s->at - 1 - key));
	skip_blanks(s);
	if (peek(s) != ':')
		return refuse_found(s, "':' after a key");
	s->at++;
	return VALUE_NEXT;
}

static int close_container(struct scan *s)
{
	s->at++;
	s->depth--;
	s->is_object >>= 1;
	return VALUE_DONE;
}

static int open_container(struct scan *s, bool is_object)
{
	if (s->depth == JSON_MAX_DEPTH)
		return refuse(s, s->at, "found more than %d brackets inside each other",
			      JSON_MAX_DEPTH);
	s->depth++;
	s->is_object = s->is_object << 1 | is_object;
	s->at++;
	skip_blanks(s);
	if (peek(s) == (is_object ? '}' : ']'))
		return close_container(s);
	if (is_object)
		return scan_key(s, "a key in double quotes or '}' after '{'");
	return VALUE_NEXT;
}

/* At the value of the key that leads to the part. */
static bool skip_part(struct scan *s)
{
	size_t len = 0;

	s->at_part = false;
	if (peek(s) == '{')
		len = json_pass((const char *)s->at, (size_t)(s->end - s->at),
				s->skip->part->unless);
	if (len == 0)
		return false;
	s->skip->at = (size_t)(s->at - s->text);
	s->skip->len = len;
	s->at += len;
	return true;
}

static int begin_value(struct scan *s)
{
	int r;

	skip_blanks(s);
	r = add_offset(s);
	if (r < 0)
		return r;
	if (s->at_part && skip_part(s))
		return VALUE_DONE;
	switch (peek(s)) {
	case '{':
		return open_container(s, true);
	case '[':
		return open_container(s, false);
	case '"':
		return scan_string(s);
	default:
		return scan_word(s);
	}
}

/* Behind a value, inside a container. */
static int after_value(struct scan *s)
{
	bool in_object = s->is_object & 1;

	skip_blanks(s);
	if (peek(s) == (in_object ? '}' : ']'))
		return close_container(s);
	if (peek(s) != ',')
		return refuse_found(s, in_object ? "',' or '}' after a value"
						 : "',' or ']' after a value");
	s->at++;
	return in_object ? scan_key(s, "a key in double quotes after ','") : VALUE_NEXT;
}

static int scan_document(struct scan *s)
{
	int r = VALUE_NEXT;

	skip_blanks(s);
	if (s->at == s->end)
		return err_user(s->e, "%s: expected a JSON value, found an empty file", s->name);
	while (r == VALUE_NEXT || (r == VALUE_DONE && s->depth > 0))
		r = r == VALUE_NEXT ? begin_value(s) : after_value(s);
	if (r < 0)
		return r;
	skip_blanks(s);
	return s->at == s->end ? 0 : refuse_found(s, "nothing after the value");
}

int json_scan(const char *text, size_t len, const char *name, struct json_skip *skip,
	      uint32_t **ret_offsets, size_t *ret_n, struct err *e)
{
	struct scan s = {
		.text = (const unsigned char *)text,
		.at = (const unsigned char *)text,
		.name = name,
		.e = e,
		.skip = skip,
	};
	int r;

	if (len > JSON_MAX_SIZE)
		return err_user(e, "%s: found %zu bytes, allowed are %zu", name, len,
				JSON_MAX_SIZE);
	s.end = s.text + len;
	r = scan_document(&s);
	if (r < 0) {
		free(s.offsets);
		return r;
	}
	*ret_offsets = s.offsets;
	*ret_n = s.n;
	return 0;
}

/* From the opening quote to behind the closing one. */
static const char *skip_string(const char *at)
{
	for (at++; *at != '"'; at++)
		if (*at == '\\')
			at++;
	return at + 1;
}

size_t json_scan_length(const char *text)
{
	const char *at = text;
	unsigned depth = 0;

	if (*at != '{' && *at != '[' && *at != '"') {
		while (is_word_char(*at)) /* which the 0 behind the text is not */
			at++;
		return (size_t)(at - text);
	}
	do {
		if (*at == '"') {
			at = skip_string(at);
			continue;
		}
		if (*at == '{' || *at == '[')
			depth++;
		else if (*at == '}' || *at == ']')
			depth--;
		at++;
	} while (depth > 0);
	return (size_t)(at - text);
}
