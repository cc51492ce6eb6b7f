/* SPDX-License-Identifier: Apache-2.0 */
/* create - makes a container, which then waits for start. */
#include "cli/bundle.h"

static const struct opt create_opts[] = {BUNDLE_OPTS, INIT_OPTS, CALLER_OPTS,
					 OPT_IGNORED_FLAG("no-subreaper", 0), OPT_END};

static int create_run(struct cli *cli, struct err *e)
{
	auto_bundle_args struct bundle_args args = BUNDLE_ARGS_INIT;
	auto_runtime struct runtime rt = RUNTIME_INIT;
	int r = bundle_parse(cli, &args, RUNTIME_ROOT_MAKE, &rt, e);

	return r ? r : container_create(&rt, &args.options, e);
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
