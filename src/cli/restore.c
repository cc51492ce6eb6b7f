/* SPDX-License-Identifier: Apache-2.0 */
/* restore - makes a container of what checkpoint has written; with the exit status of the process.
 */
#include "cli/bundle.h"
#include "cli/cli.h"
#include "cli/image.h"

struct restore_args {
	struct container_options common; /* first: CALLER_OPTS count from its start */
	struct container_restore restore;
	struct opt_list empty_ns;
};

_Static_assert(offsetof(struct restore_args, common) == 0, "CALLER_OPTS count from the start");

#define IMAGE(member) restore.image.member

static const struct opt restore_opts[] = {
	CALLER_OPTS,
	OPT_TEXT("bundle", 'b', struct container_options, bundle, "DIR",
		 "directory of config.json and the root file system (default: .)"),
	OPT_TEXT("config", 'f', struct container_options, config, "FILE",
		 "configuration to use in place of the bundle's config.json"),
	OPT_FLAG("detach", 'd', struct container_options, detach,
		 "return as soon as the processes run"),
	OPT_FLAG("keep", 0, struct container_options, keep,
		 "leave the container in place when its process has ended"),
	OPT_FLAG("no-subreaper", 0, struct container_options, no_subreaper,
		 "do not adopt the processes that the container leaves behind"),
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
	int r = image_empty_ns(&args->empty_ns, &args->restore.image.empty_network, e);

	if (r == 0)
		r = cli_open_runtime(cli, RUNTIME_ROOT_MAKE, &rt, e);
	if (r)
		return r;
	args->restore.common = args->common;
	args->restore.common.id = cli->id;
	args->restore.common.inherited_fds = cli->inherited_fds;
	return container_restore(&rt, &args->restore, &cli->status, e);
}

static int restore_run(struct cli *cli, struct err *e)
{
	struct restore_args args = {.restore = {.image = {.path = IMAGE_DEFAULT}}};
	int r = cli_parse(cli, &args, e);

	if (r == 0)
		r = restore_parsed(cli, &args, e);
	opt_list_done(&args.empty_ns);
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
