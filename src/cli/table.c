/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table - rows are kept until all widths are known: cells lie one behind the other in one buffer,
 * each ended by a 0.
 */
#include "cli/table.h"

#include <string.h>

#define MIN_WIDTH 12 /* runc's tables have the same measures */
#define GAP       3

/* Columns on the terminal: characters, not bytes. */
static size_t text_width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

void table_row(struct table *t, const char *const *cell)
{
	for (size_t i = 0; i < t->columns; i++) {
		size_t start = t->cells.len, width;

		buf_add_escaped(&t->cells, cell[i] ? cell[i] : "");
		width = t->cells.failed || t->cells.len == start
				? 0
				: text_width(t->cells.data + start);
		buf_add_char(&t->cells, '\0');
		if (width > t->width[i])
			t->width[i] = width;
	}
}

static void print_cells(const struct table *t, struct buf *out)
{
	const char *cell = t->cells.data;
	const char *end = cell + t->cells.len;

	for (size_t i = 0; cell < end; i = (i + 1) % t->columns) {
		size_t width = t->width[i] + GAP > MIN_WIDTH ? t->width[i] + GAP : MIN_WIDTH;

		buf_add_str(out, cell);
		if (i == t->columns - 1)
			buf_add_char(out, '\n');
		else
			for (size_t n = text_width(cell); n < width; n++)
				buf_add_char(out, ' ');
		cell += strlen(cell) + 1;
	}
}

int table_print(struct table *t, struct buf *out, struct err *e)
{
	int r = buf_check(&t->cells, e);

	if (r == 0)
		print_cells(t, out);
	buf_done(&t->cells);
	return r;
}
