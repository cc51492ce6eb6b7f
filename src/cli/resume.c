/* SPDX-License-Identifier: Apache-2.0 */
/* resume - lets a paused container go on. */
#include "cli/cli.h"

static const struct opt resume_opts[] = {OPT_END};

static int resume_run(struct cli *cli, struct err *e)
{
	auto_runtime struct runtime rt = RUNTIME_INIT;
	int r = cli_open_existing(cli, NULL, &rt, e);

	return r ? r : container_resume(&rt, cli->id, e);
}

const struct verb verb_resume = {
	.name = "resume",
	.args = "ID",
	.help = "let the processes of a paused container go on",
	.opts = resume_opts,
	.min = 1,
	.max = 1,
	.first_is_id = true,
	.run = resume_run,
};
