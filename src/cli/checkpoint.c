/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint - writes the processes of a container to files, from which restore makes them again.
 */
#include "cli/cli.h"
#include "cli/image.h"

#include <string.h>

#include "tinyrun/str.h"

struct checkpoint_args {
	struct container_checkpoint checkpoint;
	const char *status_fd;
	struct opt_list empty_ns;
};

#define IMAGE(member)      checkpoint.image.member
#define CHECKPOINT(member) checkpoint.member

static const struct opt checkpoint_opts[] = {
	IMAGE_OPTS(struct checkpoint_args),
	OPT_FLAG("leave-running", 0, struct checkpoint_args, CHECKPOINT(leave_running),
		 "let the container go on"),
	OPT_FLAG("pre-dump", 0, struct checkpoint_args, CHECKPOINT(pre_dump),
		 "only the memory, to make the next checkpoint shorter"),
	OPT_TEXT("parent-path", 0, struct checkpoint_args, CHECKPOINT(parent_path), "DIR",
		 "an earlier one, from the images' directory: ../first"),
	OPT_FLAG("tcp-skip-in-flight", 0, struct checkpoint_args, CHECKPOINT(tcp_skip_in_flight),
		 "leave connections out that are being made"),
	OPT_FLAG("link-remap", 0, struct checkpoint_args, CHECKPOINT(link_remap),
		 "with open files that were deleted and have other names"),
	OPT_TEXT("page-server", 0, struct checkpoint_args, CHECKPOINT(page_server), "ADDRESS:PORT",
		 "send the memory there"),
	OPT_TEXT("status-fd", 0, struct checkpoint_args, status_fd, "FD",
		 "write a 0 byte here when pages can be asked for"),
	OPT_END};

int image_empty_ns(const struct opt_list *kinds, bool *ret_network, struct err *e)
{
	for (size_t i = 0; i < kinds->n; i++) {
		if (strcmp(kinds->v[i], "network") != 0)
			return err_user(e, "--empty-ns: found \"%s\", want network", kinds->v[i]);
		*ret_network = true;
	}
	return 0;
}

static int take_status_fd(struct checkpoint_args *args, struct err *e)
{
	uint64_t fd;

	if (!args->status_fd)
		return 0;
	if (str_to_u64(args->status_fd, OPT_NUMBER_MAX, &fd) < 0)
		return err_user(e, "--status-fd: found \"%s\", want a descriptor's number",
				args->status_fd);
	args->checkpoint.status_fd = (int)fd;
	return 0;
}

static int checkpoint_run(struct cli *cli, struct err *e)
{
	struct checkpoint_args args = {
		.checkpoint = {.image = {.path = IMAGE_DEFAULT}, .status_fd = -1}};
	auto_runtime struct runtime rt = RUNTIME_INIT;
	int r = cli_open_existing(cli, &args, &rt, e);

	if (r == 0)
		r = image_empty_ns(&args.empty_ns, &args.checkpoint.image.empty_network, e);
	if (r == 0)
		r = take_status_fd(&args, e);
	opt_list_done(&args.empty_ns);
	args.checkpoint.id = cli->id;
	return r ? r : container_checkpoint(&rt, &args.checkpoint, e);
}

const struct verb verb_checkpoint = {
	.name = "checkpoint",
	.args = "ID",
	.help = "write a running container to files, and end it",
	.opts = checkpoint_opts,
	.min = 1,
	.max = 1,
	.first_is_id = true,
	.run = checkpoint_run,
};
