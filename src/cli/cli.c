/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli - one call of the program: global options, the log, the verb, the exit status.
 *
 * The only place that words errors for people: one line on standard error, one in the log. Nothing
 * is written to standard error when all went well, as engines read both outputs as one.
 */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cni.h"
#include "tinyrun/fd.h"
#include "tinyrun/full.h"
#include "tinyrun/log.h"
#include "tinyrun/str.h"

enum { ROOTLESS_AUTO, ROOTLESS_TRUE, ROOTLESS_FALSE };

_Static_assert(LOG_ERROR == 0 && LOG_WARNING == 1 && LOG_INFO == 2 && LOG_DEBUG == 3,
	       "the order of --log-level");
_Static_assert(CGROUP_CGROUPFS == 0 && CGROUP_SYSTEMD == 1 && CGROUP_DISABLED == 2,
	       "the order of --cgroup-manager");

const struct opt cli_global_opts[] = {
	OPT_TEXT("root", 0, struct cli_globals, root, "DIR",
		 "state root (default: /run/tinyrun, $XDG_RUNTIME_DIR/tinyrun)"),
	OPT_TEXT("log", 0, struct cli_globals, log, "FILE",
		 "append errors to this file as well, or tell journald:NAME or syslog:NAME"),
	OPT_WORD("log-format", 0, struct cli_globals, log_format, "text|json",
		 "how the log is written (default: text)"),
	OPT_WORD("log-level", 0, struct cli_globals, log_level, "error|warning|info|debug",
		 "how much is logged (default: warning)"),
	OPT_FLAG("debug", 0, struct cli_globals, debug, "the same as --log-level debug"),
	OPT_FLAG("systemd-cgroup", 0, struct cli_globals, systemd_cgroup,
		 "the same as --cgroup-manager systemd"),
	OPT_WORD("cgroup-manager", 0, struct cli_globals, cgroup_manager,
		 "cgroupfs|systemd|disabled", "who makes cgroups (default: cgroupfs)"),
	OPT_WORD("rootless", 0, struct cli_globals, rootless, "auto|true|false",
		 "whether the caller is an ordinary user (default: auto)"),
	OPT_IGNORED_TEXT("criu", 0, "FILE"),
	OPT_FLAG("version", 'v', struct cli_globals, version, "print the version and exit"),
	OPT_HIDDEN_FLAG("V", 0, struct cli_globals, version), /* crun's letter */
	OPT_END};

/* --- what verbs call --- */

static int refuse_arguments(const struct cli *cli, const char *problem, struct err *e)
{
	auto_buf struct buf usage = BUF_INIT;

	cli_usage(cli->verb, &usage);
	return err_user(e, "%s; %s", problem, usage.data ? usage.data : "");
}

int cli_parse(struct cli *cli, void *target, struct err *e)
{
	const struct verb *verb = cli->verb;
	int r = opt_parse(verb->opts, (enum opt_order)verb->order, cli->argc, cli->argv, target,
			  &cli->argc, e);

	if (r)
		return r;
	if (verb->first_is_id && cli->argc > 0)
		cli->id = cli->argv[0];
	if (cli->argc < verb->min)
		return refuse_arguments(cli, "too few arguments", e);
	if (verb->max != CLI_ANY && cli->argc > verb->max)
		return refuse_arguments(cli, "too many arguments", e);
	return 0;
}

int cli_open_runtime(struct cli *cli, enum runtime_root how, struct runtime *rt, struct err *e)
{
	const struct cli_globals *g = &cli->globals;

	rt->manager = g->systemd_cgroup ? CGROUP_SYSTEMD : (enum cgroup_manager)g->cgroup_manager;
	rt->rootless = g->rootless == ROOTLESS_TRUE ||
		       (g->rootless == ROOTLESS_AUTO && runtime_is_rootless());
	return runtime_open(rt, g->root, how, e);
}

int cli_open_existing(struct cli *cli, void *target, struct runtime *rt, struct err *e)
{
	int r = cli_parse(cli, target, e);

	return r ? r : cli_open_runtime(cli, RUNTIME_ROOT_LOOK, rt, e);
}

int cli_output(const struct buf *out, struct err *e)
{
	int r = buf_check(out, e);
	int fd;

	if (r == 0 && out->len)
		r = fd_write_all(STDOUT_FILENO, out->data, out->len, "standard output", e);
	if (r)
		return r;
	/* Some file systems say only on close that the data has not arrived. */
	fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (fd >= 0 && close(fd) < 0 && errno != EINTR)
		return err_sys(e, "close standard output");
	return 0;
}

/* What docker and podman call it. */
static const char *verb_elsewhere(const char *name)
{
	static const struct {
		const char *there, *here;
	} words[] = {{"ls", "list"},   {"rm", "delete"},      {"remove", "delete"},
		     {"stop", "kill"}, {"inspect", "state"},  {"stats", "events"},
		     {"top", "ps"},    {"unpause", "resume"}, {"info", "features"}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].there, name) == 0)
			return words[i].here;
	return NULL;
}

int cli_refuse_verb(const char *name, struct err *e)
{
	const char *names[OPT_ROWS_MAX];
	const char *near = verb_elsewhere(name);
	size_t n = 0;

	for (; n < OPT_ROWS_MAX - 1 && cli_verbs[n]; n++)
		names[n] = cli_verbs[n]->name;
	names[n] = NULL;
	if (!near)
		near = str_nearest(name, names);
	if (near)
		return err_user(e, "there is no verb \"%s\" (did you mean %s?)", name, near);
	return err_user(e, "there is no verb \"%s\"; tinyrun --help lists them", name);
}

/* --- the call as a whole --- */

/* "journald:ID" and "syslog:ID" are crun's; so is "file:PATH". */
static int read_log(const char *arg, struct log_config *config, struct err *e)
{
	static const struct {
		const char *prefix;
		enum log_place place;
	} places[] = {{"file:", LOG_FILE}, {"journald:", LOG_JOURNAL}, {"syslog:", LOG_SYSLOG}};
	size_t i = 0;

	while (i < sizeof(places) / sizeof(places[0]) && !str_starts(arg, places[i].prefix))
		i++;
	if (i == sizeof(places) / sizeof(places[0])) {
		config->path = arg;
		return 0;
	}
	arg += strlen(places[i].prefix);
	config->place = places[i].place;
	if (config->place == LOG_FILE) {
		config->path = arg;
		return 0;
	}
	config->ident = arg;
	while (*arg > ' ' && *arg <= '~')
		arg++;
	if (*arg || arg == config->ident)
		return err_user(
			e, "--log: %s takes a name of printable ASCII without blanks behind it",
			places[i].prefix);
	return 0;
}

static int open_log(const struct cli_globals *g, struct err *e)
{
	struct log_config config = {.json = g->log_format == 1,
				    .level = g->debug ? LOG_DEBUG : (enum log_level)g->log_level};
	int r = g->log ? read_log(g->log, &config, e) : 0;

	return r < 0 ? r : log_open(&config, e);
}

static int find_verb(struct cli *cli, struct err *e)
{
	if (cli->argc == 0)
		return err_user(e, "no verb was given; usage: tinyrun [global options] VERB "
				   "[options] [arguments]");
	cli->verb = cli_find_verb(cli->argv[0]);
	if (!cli->verb)
		return cli_refuse_verb(cli->argv[0], e);
	cli->argc--;
	cli->argv++;
	return 0;
}

static int print_help(const struct verb *verb, struct err *e)
{
	auto_buf struct buf out = BUF_INIT;

	if (verb)
		cli_verb_help(verb, &out);
	else
		cli_help(&out);
	return cli_output(&out, e);
}

static int print_version(struct err *e)
{
	auto_buf struct buf out = BUF_INIT;

	cli_version(&out);
	return cli_output(&out, e);
}

static int serve_verb(struct cli *cli, struct err *e)
{
	int r = find_verb(cli, e);

	if (r == 0)
		r = cli->verb->run(cli, e);
	if (r == CLI_E_HELP)
		r = print_help(cli->verb, e);
	if (r < 0 && cli->verb)
		return err_wrap(e, cli->id ? "%s %s" : "%s", cli->verb->name, cli->id);
	return r;
}

static int serve(struct cli *cli, struct err *e)
{
	int r = opt_parse(cli_global_opts, OPT_FIRST, cli->argc, cli->argv, &cli->globals,
			  &cli->argc, e);
	/* Before anything else can fail: even a wrong option is to be in the log. */
	int log_r = open_log(&cli->globals, r < 0 ? &ERR_INIT : e);

	if (r == CLI_E_HELP)
		return print_help(NULL, e);
	if (r < 0 || log_r < 0)
		return r < 0 ? r : log_r;
	return cli->globals.version ? print_version(e) : serve_verb(cli, e);
}

static bool is_cni_plugin(int argc)
{
	const char *command = getenv("CNI_COMMAND");

	return argc == 1 && command && *command;
}

static int failure_status(const struct cli *cli)
{
	return cli->verb && cli->verb->failure ? cli->verb->failure : 1;
}

int cli_main(int argc, char **argv)
{
	struct cli cli = {.argc = argc > 0 ? argc - 1 : 0,
			  .argv = argc > 0 ? argv + 1 : argv,
			  .globals.log_level = LOG_WARNING};
	struct err e = ERR_INIT;
	int r;

	full_remember(argc, argv);
	if (is_cni_plugin(argc))
		return cni_main();
	r = fd_fill_stdio(&e);
	cli.inherited_fds = fd_count_inherited(); /* before any of our own is among them */
	(void)signal(SIGPIPE, SIG_IGN); /* a write then says EPIPE, and is cleaned up after */
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)signal(SIGCHLD, SIG_DFL); /* a caller may ignore it: nobody could be waited for */
	if (r == 0)
		r = serve(&cli, &e);
	if (r < 0)
		log_err(&e);
	log_close();
	return r < 0 ? failure_status(&cli) : cli.status;
}
