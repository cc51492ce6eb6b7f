/* SPDX-License-Identifier: Apache-2.0 */
/* bundle - see bundle.h. */
#include "cli/bundle.h"

int bundle_parse(struct cli *cli, struct bundle_args *args, enum runtime_root how,
		 struct runtime *rt, struct err *e)
{
	int r = cli_parse(cli, args, e);

	if (r == 0)
		r = netflags_read(&args->net, &args->options.net, e);
	if (r == 0)
		r = cli_open_runtime(cli, how, rt, e);
	args->options.id = cli->id;
	args->options.inherited_fds = cli->inherited_fds;
	return r;
}
