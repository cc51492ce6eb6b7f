/* SPDX-License-Identifier: Apache-2.0 */
/* mounts - makes mounts in a container that runs, and takes them away again; as in crun. */
#include "cli/cli.h"

#include <string.h>

static const struct opt mounts_opts[] = {OPT_END};

static int read_what(const char *word, enum container_mounts *ret, struct err *e)
{
	if (strcmp(word, "add") != 0 && strcmp(word, "remove") != 0)
		return err_user(e, "found \"%s\", want add or remove", word);
	*ret = strcmp(word, "add") == 0 ? CONTAINER_MOUNTS_ADD : CONTAINER_MOUNTS_REMOVE;
	return 0;
}

static int mounts_run(struct cli *cli, struct err *e)
{
	auto_runtime struct runtime rt = RUNTIME_INIT;
	enum container_mounts what = CONTAINER_MOUNTS_ADD;
	int r = cli_open_existing(cli, NULL, &rt, e);

	if (r == 0)
		r = read_what(cli->argv[0], &what, e);
	if (r)
		return r;
	cli->id = cli->argv[1];
	return container_mounts(&rt, cli->id, what, cli->argv[2], e);
}

const struct verb verb_mounts = {
	.name = "mounts",
	.args = "add|remove ID FILE",
	.help = "make mounts in a running container, or take them away",
	.opts = mounts_opts,
	.min = 3,
	.max = 3,
	.run = mounts_run,
};
