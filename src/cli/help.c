/* SPDX-License-Identifier: Apache-2.0 */
/* help - what people are told about the program and its verbs, all of it from the tables. */
#include "cli/cli.h"

#include "tinyrun/spec.h"

static const struct opt help_opts[] = {OPT_END};

void cli_help(struct buf *out)
{
	buf_add_str(out, "tinyrun - run OCI containers\n\n"
			 "usage: tinyrun [global options] VERB [options] [arguments]\n\nVerbs:\n");
	for (const struct verb *const *verb = cli_verbs; *verb; verb++)
		buf_addf(out, "  %-10s %s\n", (*verb)->name, (*verb)->help);
	buf_add_str(out, "\nGlobal options:\n");
	opt_help(cli_global_opts, out);
	buf_add_str(out, "\nEach verb has its own: tinyrun VERB --help. More in tinyrun(8).\n");
}

void cli_usage(const struct verb *verb, struct buf *out)
{
	buf_addf(out, "usage: tinyrun %s%s%s%s", verb->name,
		 verb->opts[0].name[0] ? " [options]" : "", verb->args[0] ? " " : "", verb->args);
}

void cli_verb_help(const struct verb *verb, struct buf *out)
{
	cli_usage(verb, out);
	buf_addf(out, "\n\n%s\n\nOptions:\n", verb->help);
	opt_help(verb->opts, out);
}

static int help_run(struct cli *cli, struct err *e)
{
	auto_buf struct buf out = BUF_INIT;
	const struct verb *verb;
	int r = cli_parse(cli, NULL, e);

	if (r)
		return r;
	if (cli->argc == 0) {
		cli_help(&out);
		return cli_output(&out, e);
	}
	verb = cli_find_verb(cli->argv[0]);
	if (!verb)
		return cli_refuse_verb(cli->argv[0], e);
	cli_verb_help(verb, &out);
	return cli_output(&out, e);
}

const struct verb verb_help = {
	.name = "help",
	.args = "[VERB]",
	.help = "print what the program or a verb does",
	.opts = help_opts,
	.min = 0,
	.max = 1,
	.run = help_run,
};
