/* SPDX-License-Identifier: Apache-2.0 */
/* delete - removes all that a container left: directory, cgroup, and with --force its processes. */
#include "cli/cli.h"

struct delete_args {
	bool force;
};

static const struct opt delete_opts[] = {
	OPT_FLAG("force", 'f', struct delete_args, force,
		 "kill it first if it runs; a missing container is no error"),
	OPT_END};

static int delete_run(struct cli *cli, struct err *e)
{
	struct delete_args args = {.force = false};
	auto_runtime struct runtime rt = RUNTIME_INIT;
	int r = cli_open_existing(cli, &args, &rt, e);

	return r ? r : container_delete(&rt, cli->id, args.force, e);
}

const struct verb verb_delete = {
	.name = "delete",
	.args = "ID",
	.help = "remove a stopped container and all that belongs to it",
	.opts = delete_opts,
	.min = 1,
	.max = 1,
	.first_is_id = true,
	.run = delete_run,
};
