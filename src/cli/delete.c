/* SPDX-License-Identifier: Apache-2.0 */
/* delete - removes all that a container left: directory, cgroup, and with --force its processes. */
#include "cli/cli.h"

struct delete_args {
	struct runtime *rt;
	bool force, regex;
};

static const struct opt delete_opts[] = {
	OPT_FLAG("force", 'f', struct delete_args, force,
		 "kill it first if it runs; a missing container is no error"),
	OPT_FLAG("regex", 'r', struct delete_args, regex,
		 "ID is an extended regular expression: delete every container it fits"),
	OPT_END};

static int delete_one(void *arg, const char *id, struct err *e)
{
	const struct delete_args *args = arg;

	return container_delete(args->rt, id, args->force, e);
}

static int delete_run(struct cli *cli, struct err *e)
{
	auto_runtime struct runtime rt = RUNTIME_INIT;
	struct delete_args args = {.rt = &rt};
	int r = cli_open_existing(cli, &args, &rt, e);

	if (r)
		return r;
	return args.regex ? container_match(&rt, cli->id, delete_one, &args, e)
			  : delete_one(&args, cli->id, e);
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
