/* SPDX-License-Identifier: Apache-2.0 */
/* create - makes a container, which then waits for start. */
#include "cli/bundle.h"
#include "cli/cli.h"

static const struct opt create_opts[] = {BUNDLE_OPTS, CALLER_OPTS,
					 OPT_IGNORED_FLAG("no-subreaper", 0), OPT_END};

static int create_run(struct cli *cli, struct err *e)
{
	auto_bundle_args struct bundle_args args = BUNDLE_ARGS_INIT;
	auto_runtime struct runtime rt = RUNTIME_INIT;
	int r = cli_parse(cli, &args, e);

	if (r == 0)
		r = netflags_read(&args.net, &args.options.net, e);
	if (r == 0)
		r = cli_open_runtime(cli, RUNTIME_ROOT_MAKE, &rt, e);
	if (r)
		return r;
	args.options.id = cli->id;
	args.options.inherited_fds = cli->inherited_fds;
	return container_create(&rt, &args.options, e);
}

const struct verb verb_create = {
	.name = "create",
	.args = "ID",
	.help = "make a container from a bundle; it waits for start",
	.opts = create_opts,
	.min = 1,
	.max = 1,
	.first_is_id = true,
	.run = create_run,
};
