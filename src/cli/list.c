/* SPDX-License-Identifier: Apache-2.0 */
/* list - prints the containers of a state root as a table, as ids, or as a JSON array. */
#include "cli/cli.h"

#include <errno.h>

#include "cli/table.h"

#define COLUMNS 6

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
	struct table t = {.columns = COLUMNS};
	int r;

	table_row(&t, (const char *const[COLUMNS]){"ID", "PID", "STATUS", "BUNDLE", "CREATED",
						   "OWNER"});
	r = container_list(rt, each_row, &t, e);
	if (r < 0)
		buf_done(&t.cells);
	return r < 0 ? r : table_print(&t, out, e);
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
