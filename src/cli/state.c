/* SPDX-License-Identifier: Apache-2.0 */
/* state - prints what a container is and does, as the specification's JSON. */
#include "cli/cli.h"

static const struct opt state_opts[] = {OPT_END};

static int state_run(struct cli *cli, struct err *e)
{
	auto_runtime struct runtime rt = RUNTIME_INIT;
	auto_buf struct buf out = BUF_INIT;
	int r = cli_open_existing(cli, NULL, &rt, e);

	if (r == 0)
		r = container_state(&rt, cli->id, &out, e);
	return r ? r : cli_output(&out, e);
}

const struct verb verb_state = {
	.name = "state",
	.args = "ID",
	.help = "print the state of a container as JSON",
	.opts = state_opts,
	.min = 1,
	.max = 1,
	.first_is_id = true,
	.run = state_run,
};
