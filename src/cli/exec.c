/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec - runs one more process in a container.
 *
 * The first positional argument ends the options: what stands behind the id is the program's. A
 * failure of ours is exit status 255, as in runc, so that it is told from the program's own 1.
 */
#include "cli/cli.h"

#include <string.h>

struct exec_args {
	struct container_exec exec;
	struct opt_list env, caps, groups;
};

#define COMMON(member) exec.common.member

static const struct opt exec_opts[] = {
	OPT_TEXT("process", 'p', struct exec_args, exec.process, "FILE",
		 "what to run, as the JSON object process of config.json"),
	OPT_FLAG("tty", 't', struct exec_args, exec.tty, "give it a terminal"),
	OPT_FLAG("detach", 'd', struct exec_args, COMMON(detach),
		 "return as soon as the process has been started"),
	OPT_TEXT("user", 'u', struct exec_args, exec.user, "UID[:GID]",
		 "who runs it, as numbers (default: the container's user)"),
	OPT_LIST("additional-gids", 'g', struct exec_args, groups, "GID",
		 "one more group; may be given several times"),
	OPT_TEXT("cwd", 0, struct exec_args, exec.cwd, "DIR",
		 "where it starts, in the container (default: as the container)"),
	OPT_LIST("env", 'e', struct exec_args, env, "NAME=VALUE",
		 "one more variable; may be given several times"),
	OPT_LIST("cap", 'c', struct exec_args, caps, "CAP",
		 "one more capability; may be given several times"),
	OPT_FLAG("no-new-privs", 0, struct exec_args, exec.no_new_privs,
		 "let no program that it executes have more rights"),
	OPT_TEXT("pid-file", 0, struct exec_args, COMMON(pid_file), "FILE",
		 "write the process id here"),
	OPT_TEXT("console-socket", 0, struct exec_args, COMMON(console_socket), "SOCK",
		 "send the terminal's master side to this unix socket"),
	OPT_TEXT("pidfd-socket", 0, struct exec_args, COMMON(pidfd_socket), "SOCK",
		 "send a pidfd of the process to this socket"),
	OPT_NUMBER("preserve-fds", 0, struct exec_args, COMMON(preserve_fds), "N",
		   "pass N more descriptors, from 3 on"),
	OPT_TEXT("cgroup", 0, struct exec_args, exec.cgroup, "PATH",
		 "run it in this part of the container's cgroup"),
	OPT_FLAG("ignore-paused", 0, struct exec_args, exec.ignore_paused,
		 "also when paused: it goes on when the container does"),
	OPT_TEXT("process-label", 0, struct exec_args, exec.process_label, "LABEL",
		 "SELinux label (default: the container's)"),
	OPT_TEXT("apparmor", 0, struct exec_args, exec.apparmor, "PROFILE",
		 "AppArmor profile (default: the container's)"),
	OPT_END};

/* "exec ID -- ls", as kubectl has it: no program is called that. */
static void drop_dashes(struct cli *cli)
{
	if (cli->argc < 2 || strcmp(cli->argv[1], "--") != 0)
		return;
	cli->argv[1] = cli->argv[0];
	cli->argv++;
	cli->argc--;
}

static int check(const struct cli *cli, const struct exec_args *args, struct err *e)
{
	if (args->exec.process && cli->argc > 1)
		return err_user(e, "--process and a command exclude each other");
	if (!args->exec.process && cli->argc < 2)
		return err_user(e, "a command or --process is needed");
	return 0;
}

static int exec_parsed(struct cli *cli, struct exec_args *args, struct err *e)
{
	auto_runtime struct runtime rt = RUNTIME_INIT;
	struct container_exec *exec = &args->exec;
	int r;

	drop_dashes(cli);
	r = check(cli, args, e);
	if (r == 0)
		r = cli_open_runtime(cli, RUNTIME_ROOT_LOOK, &rt, e);
	if (r)
		return r;
	exec->common.id = cli->id;
	exec->common.inherited_fds = cli->inherited_fds;
	exec->args = (const char *const *)cli->argv + 1;
	exec->n_args = (size_t)cli->argc - 1;
	exec->env = args->env.v;
	exec->n_env = args->env.n;
	exec->caps = args->caps.v;
	exec->n_caps = args->caps.n;
	exec->groups = args->groups.v;
	exec->n_groups = args->groups.n;
	return container_exec(&rt, exec, &cli->status, e);
}

static int exec_run(struct cli *cli, struct err *e)
{
	struct exec_args args = {.env = {.v = NULL}};
	int r = cli_parse(cli, &args, e);

	if (r == 0)
		r = exec_parsed(cli, &args, e);
	opt_list_done(&args.env);
	opt_list_done(&args.caps);
	opt_list_done(&args.groups);
	return r;
}

const struct verb verb_exec = {
	.name = "exec",
	.args = "ID [COMMAND [ARGUMENT...]]",
	.help = "run one more process in a container",
	.opts = exec_opts,
	.order = OPT_FIRST,
	.min = 1,
	.max = CLI_ANY,
	.failure = 255,
	.first_is_id = true,
	.run = exec_run,
};
