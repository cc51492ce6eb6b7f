/* SPDX-License-Identifier: Apache-2.0 */
/* start - lets the process of a created container go. */
#include "cli/cli.h"

static const struct opt start_opts[] = {OPT_END};

static int start_run(struct cli *cli, struct err *e)
{
	auto_runtime struct runtime rt = RUNTIME_INIT;
	int r = cli_open_existing(cli, NULL, &rt, e);

	return r ? r : container_start(&rt, cli->id, e);
}

const struct verb verb_start = {
	.name = "start",
	.args = "ID",
	.help = "start the process of a created container",
	.opts = start_opts,
	.min = 1,
	.max = 1,
	.first_is_id = true,
	.run = start_run,
};
