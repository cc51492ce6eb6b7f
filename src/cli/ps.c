/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ps - prints the ids of a container's processes, as the caller's pid namespace counts them.
 *
 * What stands behind the container's id is meant for runc's ps(1) and changes nothing here: the
 * table has the one column by which engines find the processes.
 */
#include "cli/cli.h"

#include "tinyrun/fd.h"

enum { PS_TABLE, PS_JSON };

struct ps_args {
	unsigned format;
};

static const struct opt ps_opts[] = {OPT_WORD("format", 'f', struct ps_args, format, "table|json",
					      "how to print (default: table)"),
				     OPT_END};

static void print_table(const pid_t *pids, size_t n, struct buf *out)
{
	buf_add_str(out, "PID\n");
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "%d\n", (int)pids[i]);
}

static void print_json(const pid_t *pids, size_t n, struct buf *out)
{
	buf_add_char(out, '[');
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "%s%d", i ? "," : "", (int)pids[i]);
	buf_add_str(out, "]\n");
}

static int ps_run(struct cli *cli, struct err *e)
{
	struct ps_args args = {.format = PS_TABLE};
	auto_runtime struct runtime rt = RUNTIME_INIT;
	auto_buf struct buf out = BUF_INIT;
	auto_free pid_t *pids = NULL;
	size_t n = 0;
	int r = cli_open_existing(cli, &args, &rt, e);

	if (r == 0)
		r = container_ps(&rt, cli->id, &pids, &n, e);
	if (r)
		return r;
	if (args.format == PS_JSON)
		print_json(pids, n, &out);
	else
		print_table(pids, n, &out);
	return cli_output(&out, e);
}

const struct verb verb_ps = {
	.name = "ps",
	.args = "ID [IGNORED...]",
	.help = "list the processes of a container",
	.opts = ps_opts,
	.order = OPT_FIRST,
	.min = 1,
	.max = CLI_ANY,
	.first_is_id = true,
	.run = ps_run,
};
