/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list - prints the containers of a state root as a table, as ids, or as a JSON array.
 *
 * A table's columns are as wide as their widest cell, so its rows are kept until all are known:
 * cells lie one behind the other in one buffer, each ended by a 0.
 */
#include "cli/cli.h"

#include <errno.h>
#include <string.h>

#define COLUMNS   6
#define MIN_WIDTH 12 /* runc's table has the same measures */
#define GAP       3

enum { LIST_TABLE, LIST_JSON };

struct list_args {
	unsigned format;
	bool quiet;
};

static const struct opt list_opts[] = {
	OPT_WORD("format", 'f', struct list_args, format, "table|json",
		 "how to print (default: table)"),
	OPT_FLAG("quiet", 'q', struct list_args, quiet, "print the ids alone, one a line"),
	OPT_END};

struct table {
	struct buf cells;
	size_t width[COLUMNS];
};

/* Columns on the terminal: characters, not bytes. */
static size_t text_width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static void table_row(struct table *t, const char *const cell[COLUMNS])
{
	for (size_t i = 0; i < COLUMNS; i++) {
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

static void table_print(const struct table *t, struct buf *out)
{
	const char *cell = t->cells.data;
	const char *end = cell + t->cells.len;

	for (size_t i = 0; cell < end; i = (i + 1) % COLUMNS) {
		size_t width = t->width[i] + GAP > MIN_WIDTH ? t->width[i] + GAP : MIN_WIDTH;

		buf_add_str(out, cell);
		if (i == COLUMNS - 1)
			buf_add_char(out, '\n');
		else
			for (size_t n = text_width(cell); n < width; n++)
				buf_add_char(out, ' ');
		cell += strlen(cell) + 1;
	}
}

static int each_row(void *arg, const struct container_entry *entry)
{
	char pid[16];

	(void)snprintf(pid, sizeof(pid), "%d", entry->pid);
	table_row(arg, (const char *const[COLUMNS]){entry->id, pid, entry->status, entry->bundle,
						    entry->created, entry->owner});
	return 0;
}

static int each_id(void *arg, const struct container_entry *entry)
{
	buf_add_str(arg, entry->id);
	buf_add_char(arg, '\n');
	return 0;
}

static int each_json(void *arg, const struct container_entry *entry)
{
	struct buf *out = arg;

	if (out->len > 1)
		buf_add_char(out, ',');
	buf_add_str(out, entry->json);
	return 0;
}

static int list_table(struct runtime *rt, struct buf *out, struct err *e)
{
	struct table t = {.cells = BUF_INIT};
	int r;

	table_row(&t, (const char *const[COLUMNS]){"ID", "PID", "STATUS", "BUNDLE", "CREATED",
						   "OWNER"});
	r = container_list(rt, each_row, &t, e);
	if (r == 0)
		r = buf_check(&t.cells, e);
	if (r == 0)
		table_print(&t, out);
	buf_done(&t.cells);
	return r;
}

static int list_json(struct runtime *rt, struct buf *out, struct err *e)
{
	int r;

	buf_add_char(out, '[');
	r = container_list(rt, each_json, out, e);
	buf_add_str(out, "]\n");
	return r;
}

static int list_run(struct cli *cli, struct err *e)
{
	struct list_args args = {.format = LIST_TABLE};
	auto_runtime struct runtime rt = RUNTIME_INIT;
	auto_buf struct buf out = BUF_INIT;
	int r = cli_open_existing(cli, &args, &rt, e);

	if (r)
		return r;
	/* The default root may not have been made yet: no containers. One that was named has to be
	 * there. */
	if (rt.root_fd < 0 && cli->globals.root)
		return err_num(e, ENOENT, "state root %s", cli->globals.root);
	if (args.quiet)
		r = container_list(&rt, each_id, &out, e);
	else
		r = args.format == LIST_JSON ? list_json(&rt, &out, e) : list_table(&rt, &out, e);
	return r ? r : cli_output(&out, e);
}

const struct verb verb_list = {
	.name = "list",
	.args = "",
	.help = "list the containers of the state root",
	.opts = list_opts,
	.min = 0,
	.max = 0,
	.run = list_run,
};
