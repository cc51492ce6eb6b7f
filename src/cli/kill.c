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
	struct runtime *rt;
	bool all, regex;
	int sig;
};

static const struct opt kill_opts[] = {
	OPT_FLAG("all", 'a', struct kill_args, all,
		 "signal every process of the container, not just the first"),
	OPT_FLAG("regex", 'r', struct kill_args, regex,
		 "ID is an extended regular expression: signal every container it fits"),
	OPT_END};

static int kill_one(void *arg, const char *id, struct err *e)
{
	const struct kill_args *args = arg;

	return container_kill(args->rt, id, args->sig, args->all, e);
}

static int kill_run(struct cli *cli, struct err *e)
{
	auto_runtime struct runtime rt = RUNTIME_INIT;
	struct kill_args args = {.rt = &rt, .sig = SIGTERM};
	int r = cli_parse(cli, &args, e);

	if (r)
		return r;
	if (cli->argc > 1 && str_to_signal(cli->argv[1], &args.sig) < 0)
		return err_user(e,
				"unknown signal \"%s\": a number or a name such as KILL or SIGTERM",
				cli->argv[1]);
	r = cli_open_runtime(cli, RUNTIME_ROOT_LOOK, &rt, e);
	if (r)
		return r;
	return args.regex ? container_match(&rt, cli->id, kill_one, &args, e)
			  : kill_one(&args, cli->id, e);
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
