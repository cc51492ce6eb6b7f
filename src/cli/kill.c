/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill - sends a signal to a container.
 *
 * The first positional argument ends the options, as in runc: `kill --all ID 9`, `kill ID 9`.
 */
#include "cli/cli.h"

#include <signal.h>

#include "tinyrun/str.h"

struct kill_args {
	bool all;
};

static const struct opt kill_opts[] = {
	OPT_FLAG("all", 'a', struct kill_args, all,
		 "signal every process of the container, not just the first"),
	OPT_END};

static int kill_run(struct cli *cli, struct err *e)
{
	struct kill_args args = {.all = false};
	auto_runtime struct runtime rt = RUNTIME_INIT;
	int sig = SIGTERM;
	int r = cli_parse(cli, &args, e);

	if (r)
		return r;
	if (cli->argc > 1 && str_to_signal(cli->argv[1], &sig) < 0)
		return err_user(e,
				"unknown signal \"%s\": a number or a name such as KILL or SIGTERM",
				cli->argv[1]);
	r = cli_open_runtime(cli, RUNTIME_ROOT_LOOK, &rt, e);
	return r ? r : container_kill(&rt, cli->id, sig, args.all, e);
}

const struct verb verb_kill = {
	.name = "kill",
	.args = "ID [SIGNAL]",
	.help = "send a signal to a container (default: TERM)",
	.opts = kill_opts,
	.order = OPT_FIRST,
	.min = 1,
	.max = 2,
	.first_is_id = true,
	.run = kill_run,
};
