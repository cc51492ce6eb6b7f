/* SPDX-License-Identifier: Apache-2.0 */
/*
 * version - what this program is.
 *
 * docker takes the text around the word "version" and others split the first line into three
 * fields, so that word stands once in it.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "cli/cli.h"
#include "cli/version.h"

#include "tinyrun/plan.h"
#include "tinyrun/spec.h"

static const struct opt version_opts[] = {OPT_END};

void cli_version(struct buf *out)
{
	const char *seccomp = plan_seccomp_library();

	buf_addf(out, "tinyrun version %s\ncommit: %s\nspec: %s\n", TINYRUN_VERSION, TINYRUN_COMMIT,
		 SPEC_VERSION);
	if (seccomp)
		buf_addf(out, "libseccomp: %s\n", seccomp);
	buf_add_str(out, "+CAP +SECCOMP +EBPF\n");
}

static int version_run(struct cli *cli, struct err *e)
{
	auto_buf struct buf out = BUF_INIT;
	int r = cli_parse(cli, NULL, e);

	if (r)
		return r;
	cli_version(&out);
	return cli_output(&out, e);
}

const struct verb verb_version = {
	.name = "version",
	.args = "",
	.help = "print the version of the program and of the specification",
	.opts = version_opts,
	.min = 0,
	.max = 0,
	.run = version_run,
};
