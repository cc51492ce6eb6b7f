/* SPDX-License-Identifier: Apache-2.0 */
/* restore - makes a container of what checkpoint has written; with the exit status of the process.
 */
#include "cli/bundle.h"
#include "cli/image.h"

struct restore_args {
	struct bundle_args bundle; /* first: rows count from its start */
	struct container_restore restore;
	struct opt_list empty_ns;
};

_Static_assert(offsetof(struct restore_args, bundle) == 0, "rows count from the start");

#define IMAGE(member) restore.image.member

static const struct opt restore_opts[] = {
	BUNDLE_OPTS,
	CALLER_OPTS,
	STAY_OPTS,
	IMAGE_OPTS(struct restore_args),
	OPT_FLAG("tcp-close", 0, struct restore_args, restore.tcp_close,
		 "close TCP connections that were open"),
	OPT_TEXT("lsm-profile", 0, struct restore_args, restore.lsm_profile, "TYPE:NAME",
		 "another profile: apparmor:NAME, selinux:LABEL"),
	OPT_TEXT("lsm-mount-context", 0, struct restore_args, restore.lsm_mount_context, "CONTEXT",
		 "another SELinux context of mounts"),
	OPT_IGNORED_FLAG("no-pivot", 0),
	OPT_END};

static int restore_parsed(struct cli *cli, struct restore_args *args, struct err *e)
{
	auto_runtime struct runtime rt = RUNTIME_INIT;
	int r = bundle_parse(cli, &args->bundle, RUNTIME_ROOT_MAKE, &rt, e);

	if (r == 0)
		r = image_empty_ns(&args->empty_ns, &args->restore.image.empty_network, e);
	if (r)
		return r;
	args->restore.common = args->bundle.options;
	return container_restore(&rt, &args->restore, &cli->status, e);
}

static int restore_run(struct cli *cli, struct err *e)
{
	struct restore_args args = {.bundle = BUNDLE_ARGS_INIT,
				    .restore = {.image = {.path = IMAGE_DEFAULT}}};
	int r = restore_parsed(cli, &args, e);

	opt_list_done(&args.empty_ns);
	bundle_args_done(&args.bundle);
	return r;
}

const struct verb verb_restore = {
	.name = "restore",
	.args = "ID",
	.help = "make a container from what checkpoint has written",
	.opts = restore_opts,
	.min = 1,
	.max = 1,
	.first_is_id = true,
	.run = restore_run,
};
