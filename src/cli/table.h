/* SPDX-License-Identifier: Apache-2.0 */
/* table - rows for people: each column as wide as its widest cell. */
#ifndef TINYRUN_CLI_TABLE_H
#define TINYRUN_CLI_TABLE_H

#include "tinyrun/buf.h"

#define TABLE_COLUMNS 6

struct table {
	struct buf cells;
	size_t columns; /* how many of TABLE_COLUMNS */
	size_t width[TABLE_COLUMNS];
};

/* table.columns cells; NULL is an empty one. */
void table_row(struct table *t, const char *const *cell);
/* All rows, or -ENOMEM; the table is then empty again. */
int table_print(struct table *t, struct buf *out, struct err *e);

#endif
