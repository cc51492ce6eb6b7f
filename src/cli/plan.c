/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan - prints what create would do to the kernel, in order, and does nothing. So it takes no
 * state root, and leaves no compiled filter in one.
 *
 * The id only decides names (the cgroup's, for one), so it may be left out.
 */
#include "cli/bundle.h"

struct plan_args {
	struct bundle_args bundle; /* first: rows count from its start */
	unsigned format;           /* enum container_plan_format */
};

_Static_assert(offsetof(struct plan_args, bundle) == 0, "rows count from the start");
_Static_assert(CONTAINER_PLAN_TEXT == 0 && CONTAINER_PLAN_JSON == 1, "the order of --format");

static const struct opt plan_opts[] = {BUNDLE_OPTS, INIT_OPTS,
				       OPT_WORD("format", 0, struct plan_args, format, "text|json",
						"how to print (default: text)"),
				       OPT_END};

static int print_plan(struct cli *cli, struct plan_args *args, struct err *e)
{
	auto_runtime struct runtime rt = RUNTIME_INIT;
	auto_buf struct buf out = BUF_INIT;
	int r = bundle_parse(cli, &args->bundle, RUNTIME_ROOT_NONE, &rt, e);

	if (r)
		return r;
	r = container_plan(&rt, &args->bundle.options, (enum container_plan_format)args->format,
			   &out, e);
	return r ? r : cli_output(&out, e);
}

static int plan_run(struct cli *cli, struct err *e)
{
	struct plan_args args = {.bundle = BUNDLE_ARGS_INIT, .format = CONTAINER_PLAN_TEXT};
	int r = print_plan(cli, &args, e);

	bundle_args_done(&args.bundle);
	return r;
}

const struct verb verb_plan = {
	.name = "plan",
	.args = "[ID]",
	.help = "print what create would do to the kernel, step by step",
	.opts = plan_opts,
	.min = 0,
	.max = 1,
	.first_is_id = true,
	.run = plan_run,
};
