/* SPDX-License-Identifier: Apache-2.0 */
/* pause - freezes all processes of a container. */
#include "cli/cli.h"

static const struct opt pause_opts[] = {OPT_END};

static int pause_run(struct cli *cli, struct err *e)
{
	auto_runtime struct runtime rt = RUNTIME_INIT;
	int r = cli_open_existing(cli, NULL, &rt, e);

	return r ? r : container_pause(&rt, cli->id, e);
}

const struct verb verb_pause = {
	.name = "pause",
	.args = "ID",
	.help = "freeze all processes of a container",
	.opts = pause_opts,
	.min = 1,
	.max = 1,
	.first_is_id = true,
	.run = pause_run,
};
