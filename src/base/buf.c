/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf - a growing byte buffer and, on top, text and JSON output.
 *
 * After an append has failed all later ones do nothing, so what is there stays a correct beginning,
 * and buf_check() at the end is enough.
 */
#include "tinyrun/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define BUF_FIRST_SIZE 256

void buf_done(struct buf *b)
{
	free(b->data);
	*b = BUF_INIT;
}

/* Room for @more bytes and a 0 behind them. */
static bool reserve(struct buf *b, size_t more)
{
	size_t size = b->size ? b->size : BUF_FIRST_SIZE;
	char *data;

	if (b->failed)
		return false;
	if (b->data && b->size - b->len > more)
		return true;
	while (size - b->len <= more) {
		if (size > SIZE_MAX / 2) {
			b->failed = true;
			return false;
		}
		size *= 2;
	}
	data = realloc(b->data, size);
	if (!data) {
		b->failed = true;
		return false;
	}
	b->data = data;
	b->size = size;
	return true;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	if (!reserve(b, len))
		return;
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = 0;
}

void buf_add_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_add_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		b->failed = true;
	if (n < 0 || !reserve(b, (size_t)n))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap); /* reserve() made the room */
	va_end(ap);
	b->len += (size_t)n;
}

static void add_json_control(struct buf *b, unsigned code)
{
	static const char shorts[] = {
		['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};

	if (code < sizeof(shorts) && shorts[code])
		buf_addf(b, "\\%c", shorts[code]);
	else
		buf_addf(b, "\\u%04x", code);
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Adds what stands for the character at @s, which is not a plain one; returns its bytes. */
static size_t add_json_char(struct buf *b, const unsigned char *s, size_t left)
{
	unsigned len = utf8_len(s, left);

	if (len == 0) {
		buf_add_str(b, "\xef\xbf\xbd"); /* U+FFFD */
		return 1;
	}
	if (utf8_is_control(s, len)) {
		add_json_control(b, len == 1 ? s[0] : s[1]); /* U+0080..9F: the second byte */
		return len;
	}
	if (*s == '"' || *s == '\\')
		buf_add_char(b, '\\');
	buf_add(b, s, len);
	return len;
}

void buf_add_json_str(struct buf *b, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t left = strlen(text);

	buf_add_char(b, '"');
	while (left > 0) {
		size_t n = 0;

		while (n < left && is_plain(s[n]))
			n++;
		if (n > 0)
			buf_add(b, s, n);
		else
			n = add_json_char(b, s, left);
		s += n;
		left -= n;
	}
	buf_add_char(b, '"');
}

void buf_add_escaped(struct buf *b, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	const unsigned char *end = s + strlen(text);
	char shown[UTF8_ESCAPED_MAX];

	while (s < end) {
		size_t n = utf8_escape(&s, end, shown);

		buf_add(b, shown, n);
	}
}

int buf_check(const struct buf *b, struct err *e)
{
	return b->failed ? err_num(e, ENOMEM, "put a text together") : 0;
}
