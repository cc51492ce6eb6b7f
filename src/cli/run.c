/* SPDX-License-Identifier: Apache-2.0 */
/* run - create, start, wait and delete in one call, with the exit status of the process. */
#include "cli/bundle.h"

#include "tinyrun/log.h"

static const struct opt run_opts[] = {
	BUNDLE_OPTS,
	INIT_OPTS,
	CALLER_OPTS,
	STAY_OPTS,
	OPT_FLAG_TEXT("trace", 0, struct container_options, trace, trace_file, "FILE",
		      "print how long each step took; FILE.json: Chrome's format"),
	OPT_END};

static int run_run(struct cli *cli, struct err *e)
{
	auto_bundle_args struct bundle_args args = BUNDLE_ARGS_INIT;
	auto_runtime struct runtime rt = RUNTIME_INIT;
	int r = bundle_parse(cli, &args, RUNTIME_ROOT_MAKE, &rt, e);

	if (r)
		return r;
	r = container_run(&rt, &args.options, &cli->status, e);
	if (r != CONTAINER_E_OOM)
		return r;
	(void)err_wrap(e, "run %s", cli->id);
	log_err(e); /* it did run: the exit status is the program's */
	return 0;
}

const struct verb verb_run = {
	.name = "run",
	.args = "ID",
	.help = "create and start a container, wait for it and delete it",
	.opts = run_opts,
	.min = 1,
	.max = 1,
	.first_is_id = true,
	.run = run_run,
};
