/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chunk - where a chunked body ends.
 *
 * As strict as the head: a size is 1 to 8 hex digits, lines end with CR LF, and what stands in
 * an extension or in a trailer is visible text. Whatever else another reader might forgive, and
 * see another end, is refused.
 */
#include "httpd/chunk.h"

#include <string.h>

#define DIGITS_MAX 8

enum {
	STATE_SIZE,
	STATE_EXTENSION,
	STATE_SIZE_LF,
	STATE_DATA,
	STATE_DATA_CR,
	STATE_DATA_LF,
	STATE_TRAILER, /* at the beginning of a line */
	STATE_TRAILER_LINE,
	STATE_TRAILER_LF,
	STATE_END_LF,
	STATE_DONE,
	STATE_BAD,
	STATE_LARGE,
};

static bool is_text(char c)
{
	return c == '\t' || ((unsigned char)c >= ' ' && c != 0x7f);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static uint8_t on_size(struct chunk *c, char byte)
{
	int digit = hex_digit(byte);

	if (digit >= 0) {
		c->left = c->left * 16 + (uint32_t)digit;
		return c->line > DIGITS_MAX ? STATE_LARGE : STATE_SIZE;
	}
	if (c->line == 1) /* no digit at all */
		return STATE_BAD;
	if (byte == '\r')
		return STATE_SIZE_LF;
	return byte == ';' ? STATE_EXTENSION : STATE_BAD;
}

static uint8_t on_size_end(struct chunk *c, uint32_t max)
{
	c->line = 0;
	if (c->left > max - c->total)
		return STATE_LARGE;
	c->total += c->left;
	return c->left > 0 ? STATE_DATA : STATE_TRAILER;
}

static uint8_t line_text(uint8_t state, char byte, uint8_t end)
{
	if (byte == '\r')
		return end;
	return is_text(byte) ? state : STATE_BAD;
}

/* The state behind @byte, which is not data. */
static uint8_t step(struct chunk *c, char byte, uint32_t max)
{
	c->line++;
	switch (c->state) {
	case STATE_SIZE:
		return on_size(c, byte);
	case STATE_EXTENSION:
		return c->line > CHUNK_LINE_MAX ? STATE_BAD
						: line_text(STATE_EXTENSION, byte, STATE_SIZE_LF);
	case STATE_SIZE_LF:
		return byte == '\n' ? on_size_end(c, max) : STATE_BAD;
	case STATE_DATA_CR:
		return byte == '\r' ? STATE_DATA_LF : STATE_BAD;
	case STATE_DATA_LF:
		c->line = 0;
		return byte == '\n' ? STATE_SIZE : STATE_BAD;
	case STATE_TRAILER:
		if (byte == '\r')
			return STATE_END_LF;
		return byte == ' ' || byte == '\t' || byte == ':' || !is_text(byte)
			       ? STATE_BAD
			       : STATE_TRAILER_LINE;
	case STATE_TRAILER_LINE:
		return c->line > CHUNK_TRAILER_MAX
			       ? STATE_BAD
			       : line_text(STATE_TRAILER_LINE, byte, STATE_TRAILER_LF);
	case STATE_TRAILER_LF:
		return byte == '\n' ? STATE_TRAILER : STATE_BAD;
	case STATE_END_LF:
		return byte == '\n' ? STATE_DONE : STATE_BAD;
	default:
		return STATE_BAD;
	}
}

void chunk_init(struct chunk *c)
{
	memset(c, 0, sizeof(*c));
}

enum chunk_result chunk_feed(struct chunk *c, const char *data, size_t len, uint32_t max,
			     size_t *ret_used)
{
	size_t at = 0;

	while (at < len && c->state < STATE_DONE) {
		if (c->state == STATE_DATA) {
			size_t n = len - at < c->left ? len - at : c->left;

			at += n;
			c->left -= (uint32_t)n;
			if (c->left == 0)
				c->state = STATE_DATA_CR;
			continue;
		}
		c->state = step(c, data[at++], max);
	}
	*ret_used = at;
	if (c->state > STATE_DONE)
		return c->state == STATE_BAD ? CHUNK_BAD : CHUNK_LARGE;
	return c->state == STATE_DONE ? CHUNK_DONE : CHUNK_MORE;
}
