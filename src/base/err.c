/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err - a failure as a chain of frames, from the cause outwards.
 *
 * Frames hold plain text as it was formatted; what could steer a terminal is escaped only when the
 * chain is put together, so that nothing is escaped twice. A text that does not fit ends in "...";
 * a chain that is full keeps its cause and crowds the outermost frame.
 */
#include "tinyrun/err.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

/* Ends a text that was cut at @size with "...", not in the middle of a character. */
static void mark_cut(char *text, size_t size)
{
	size_t at = size - sizeof("...");

	while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
		at--;
	memcpy(text + at, "...", sizeof("..."));
}

static void format(char *out, size_t size, const char *fmt, va_list ap)
{
	int n = vsnprintf(out, size, fmt, ap);

	if (n < 0)
		out[0] = 0;
	else if ((size_t)n >= size)
		mark_cut(out, size);
}

static void set_cause(struct err *e, int errnum, const char *fmt, va_list ap)
{
	e->errnum = errnum;
	e->depth = 1;
	format(e->frame[0], ERR_FRAME_SIZE, fmt, ap);
}

/* The reason is kept whole: a long text before it is cut instead. */
static int set_cause_num(struct err *e, int errnum, const char *fmt, va_list ap)
{
	const char *text = err_text(errnum);
	size_t used, room = ERR_FRAME_SIZE - sizeof(": ") - strlen(text);

	/* A failure that came without a reason must not be taken for success. */
	e->errnum = errnum > 0 ? errnum : EIO;
	e->depth = 1;
	format(e->frame[0], room, fmt, ap);
	used = strlen(e->frame[0]);
	(void)snprintf(e->frame[0] + used, ERR_FRAME_SIZE - used, ": %s", text);
	return -e->errnum;
}

int err_sys(struct err *e, const char *fmt, ...)
{
	int errnum = errno, r;
	va_list ap;

	va_start(ap, fmt);
	r = set_cause_num(e, errnum, fmt, ap);
	va_end(ap);
	return r;
}

int err_num(struct err *e, int errnum, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = set_cause_num(e, errnum, fmt, ap);
	va_end(ap);
	return r;
}

int err_user(struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_cause(e, EINVAL, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

/* A ninth frame shares the place of the eighth. */
static void crowd_outermost(struct err *e, const char *text)
{
	char *frame = e->frame[ERR_FRAMES - 1];
	char inner[ERR_FRAME_SIZE];

	memcpy(inner, frame, sizeof(inner));
	if (snprintf(frame, ERR_FRAME_SIZE, "%s: %s", text, inner) >= ERR_FRAME_SIZE)
		mark_cut(frame, ERR_FRAME_SIZE);
}

int err_wrap(struct err *e, const char *fmt, ...)
{
	char text[ERR_FRAME_SIZE];
	va_list ap;

	va_start(ap, fmt);
	format(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (e->depth < ERR_FRAMES)
		memcpy(e->frame[e->depth++], text, sizeof(text));
	else
		crowd_outermost(e, text);
	return e->errnum > 0 ? -e->errnum : -EINVAL;
}

/* Appends @text escaped to @out, which has room for @size with the 0. False when it is full. */
static bool append_escaped(char *out, size_t size, size_t *len, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	const unsigned char *end = s + strlen(text);
	char shown[UTF8_ESCAPED_MAX];

	while (s < end) {
		size_t n = utf8_escape(&s, end, shown);

		if (*len + n >= size)
			return false;
		memcpy(out + *len, shown, n);
		*len += n;
	}
	return true;
}

const char *err_str(const struct err *e, char *out, size_t size)
{
	size_t len = 0;
	bool fits = true;

	if (size == 0)
		return "";
	for (unsigned i = e->depth; fits && i-- > 0;) {
		fits = append_escaped(out, size, &len, e->frame[i]);
		if (fits && i > 0)
			fits = append_escaped(out, size, &len, ": ");
	}
	out[len] = 0;
	if (!fits && size > 2 * sizeof("..."))
		mark_cut(out, len + 1);
	return out;
}
