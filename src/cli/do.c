/* SPDX-License-Identifier: Apache-2.0 */
/*
 * do - one command in a sandbox, with the programs of this host.
 *
 * What is visible is a list of what is, never of what is not: the system's programs and libraries,
 * and the part of /etc that programs read. Everything else is empty and in memory. Homes, /run,
 * keys and other people's files are not there unless --bind brings them.
 */
#include "cli/netflags.h"
#include "cli/sandbox.h"
#include "cli/wish.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tinyrun/fd.h"
#include "tinyrun/log.h"
#include "tinyrun/str.h"

#define PROGRAM_DIRS "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define MAX_ID       (SANDBOX_IDS - 1)

struct do_args {
	struct opt_list bind, env;
	const char *memory, *pids, *user, *cwd, *hostname;
	bool tty;
	struct netflags flags;
	struct net_options *net; /* of flags; NULL: none of them was given */
};

static const struct opt do_opts[] = {
	OPT_LIST("bind", 'b', struct do_args, bind, "PATH[:rw]",
		 "show a file or directory of the host, with its owners"),
	OPT_LIST("env", 'e', struct do_args, env, "NAME[=VALUE]",
		 "one more variable; without a value that of the caller"),
	OPT_TEXT("cwd", 'C', struct do_args, cwd, "DIR", "where to start (default: here or /)"),
	OPT_TEXT("user", 'u', struct do_args, user, "UID[:GID]", "who to be inside (default: 0)"),
	OPT_TEXT("hostname", 0, struct do_args, hostname, "NAME", "default: tinyrun"),
	OPT_TEXT("memory", 'm', struct do_args, memory, "BYTES", "limit, as 512m"),
	OPT_TEXT("pids", 0, struct do_args, pids, "N", "limit of processes"),
	OPT_FLAG("tty", 't', struct do_args, tty, "give it a terminal of its own"),
	NETFLAGS_OPTS(struct do_args, flags),
	OPT_END};

/* --- what is visible --- */

static const char *const system_paths[] = {
	"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store",
	/* nothing that is a secret, nor about this machine's people */
	"/etc/alternatives", "/etc/bash.bashrc", "/etc/ca-certificates", "/etc/debian_version",
	"/etc/fonts", "/etc/gai.conf", "/etc/host.conf", "/etc/inputrc", "/etc/java",
	"/etc/ld-musl-x86_64.path", "/etc/ld-musl-aarch64.path", "/etc/ld.so.cache",
	"/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/locale.alias", "/etc/localtime", "/etc/magic",
	"/etc/mime.types", "/etc/nsswitch.conf", "/etc/os-release", "/etc/perl",
	"/etc/pki/ca-trust/extracted", "/etc/pki/tls/certs", "/etc/profile", "/etc/profile.d",
	"/etc/protocols", "/etc/python3", "/etc/services", "/etc/ssl/certs", "/etc/ssl/openssl.cnf",
	"/etc/terminfo", "/etc/timezone", "/etc/vim", NULL};

static int add_system(struct bundle *b, struct err *e)
{
	int r = 0;

	for (const char *const *path = system_paths; *path && r == 0; path++)
		if (access(*path, F_OK) == 0)
			r = bundle_add_path(b, *path, e);
	return r;
}

static int add_empty(struct sandbox *s, struct err *e)
{
	static const struct {
		const char *path;
		mode_t mode;
	} dirs[] = {{"/proc", 0755}, {"/dev", 0755},    {"/sys", 0755},      {"/root", 0700},
		    {"/home", 0755}, {"/run", 0755},    {"/var/tmp", 01777}, {"/tmp", 01777},
		    {"/mnt", 0755},  {"/var/log", 0755}};
	int r = 0;

	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs) && r == 0; i++)
		r = bundle_add_dir(&s->tree, dirs[i].path, dirs[i].mode, e);
	return r;
}

/* It has the host's network, or another one that is not its own. */
static bool is_foreign(const struct net_options *net)
{
	return net && (net->mode == NET_HOST || net->mode == NET_PATH);
}

/* Names for the ids inside. Those of a network that is not its own are the host's. */
static int add_names(struct sandbox *s, const struct do_args *args, struct err *e)
{
	char passwd[256];
	size_t n = (size_t)snprintf(passwd, sizeof(passwd),
				    "root:x:0:0:root:/root:/bin/sh\n"
				    "nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n");
	int r;

	if (s->wish.uid != 0 && s->wish.uid != 65534)
		(void)snprintf(passwd + n, sizeof(passwd) - n, "user:x:%u:%u:user:/tmp:/bin/sh\n",
			       s->wish.uid, s->wish.gid);
	r = bundle_add_text(&s->tree, "/etc/passwd", passwd, e);
	if (r == 0)
		r = bundle_add_text(&s->tree, "/etc/group", "root:x:0:\nnogroup:x:65534:\n", e);
	if (r == 0 && is_foreign(args->net)) {
		r = bundle_add_path(&s->tree, "/etc/hosts", e);
		if (r == 0 && access("/etc/resolv.conf", F_OK) == 0)
			r = bundle_add_path(&s->tree, "/etc/resolv.conf", e);
	}
	return r < 0 ? r
		     : bundle_add_text(&s->tree, "/etc/hosts",
				       "127.0.0.1 localhost\n::1 localhost\n", e);
}

/* --- the caller's binds --- */

/* PATH or PATH:rw or PATH:ro; *ret is on the heap. */
static int split_bind(const char *text, char **ret, bool *ret_write, struct err *e)
{
	const char *colon = strrchr(text, ':');
	size_t len = strlen(text);

	*ret_write = colon && strcmp(colon, ":rw") == 0;
	if (colon && (*ret_write || strcmp(colon, ":ro") == 0))
		len = (size_t)(colon - text);
	if (len == 0)
		return err_user(e, "--bind %s: a path is missing, want PATH or PATH:rw", text);
	*ret = strndup(text, len);
	return *ret ? 0 : err_num(e, ENOMEM, "read --bind");
}

/* With the ids of its owners as they are: who asks for it is to have it. */
static int add_bind(struct sandbox *s, const char *text, struct err *e)
{
	auto_free char *path = NULL;
	const char *end;
	bool write;
	mode_t mode;
	int r = split_bind(text, &path, &write, e);

	if (r < 0)
		return r;
	r = bundle_follow(&s->tree, path, &end, &mode, e);
	if (r < 0)
		return err_wrap(e, "--bind");
	if (strcmp(end, "/") == 0)
		return err_user(e, "--bind %s: the whole host is no sandbox, name parts of it",
				text);
	return sandbox_bind(
		s,
		&(struct spec_wish_mount){.destination = end,
					  .source = end,
					  .options = write ? "rbind idmap nosuid nodev"
							   : "rbind idmap rro nosuid nodev"},
		e);
}

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* Where the caller stands, if that is there: in what is bound, or on the way to it. */
static int choose_cwd(struct sandbox *s, const char *asked, struct err *e)
{
	auto_free char *here = NULL;

	if (asked && asked[0] != '/')
		return err_user(e, "--cwd: \"%s\" is not an absolute path", asked);
	s->wish.cwd = asked;
	if (asked)
		return 0;
	here = getcwd(NULL, 0);
	for (size_t i = 0; here && i < s->n_binds; i++)
		if (is_below(here, s->binds[i].destination) ||
		    is_below(s->binds[i].destination, here))
			s->wish.cwd = arena_strdup(&s->tree.arena, here);
	return 0;
}

/* --- the command --- */

static bool is_in_program_dirs(const char *name)
{
	for (const char *dirs = PROGRAM_DIRS; *dirs;) {
		size_t len = strcspn(dirs, ":");
		char path[4096];
		int n = snprintf(path, sizeof(path), "%.*s/%s", (int)len, dirs, name);

		if (n < (int)sizeof(path) && access(path, X_OK) == 0)
			return true;
		dirs += len + (dirs[len] == ':');
	}
	return false;
}

/* A command that is not one of the system's is brought with all it needs. */
static int add_command(struct sandbox *s, const char **argv, struct err *e)
{
	if (!strchr(argv[0], '/') && is_in_program_dirs(argv[0]))
		return 0;
	return sandbox_add_program(s, argv[0], &argv[0], e);
}

/* --- the rest --- */

/* A NULL-terminated list in the arena: a few harmless ones of the caller's, then what was asked. */
static int compose_env(struct sandbox *s, const struct do_args *args, struct err *e)
{
	static const char *const passed[] = {"TERM",   "COLORTERM", "LANG",
					     "LC_ALL", "LC_CTYPE",  "TZ"};
	const size_t n_passed = sizeof(passed) / sizeof(*passed);
	const char **env = arena_alloc(&s->tree.arena, (n_passed + args->env.n + 3) * sizeof(*env));
	size_t n = 0;

	if (!env)
		return err_num(e, ENOMEM, "compose the environment");
	env[n++] = "PATH=" PROGRAM_DIRS;
	env[n++] = s->wish.uid == 0 ? "HOME=/root" : "HOME=/tmp";
	for (size_t i = 0; i < n_passed + args->env.n; i++) {
		const char *name = i < n_passed ? passed[i] : args->env.v[i - n_passed];
		const char *value = strchr(name, '=') ? NULL : getenv(name);

		if (i >= n_passed && (name[0] == '=' || name[0] == '\0'))
			return err_user(e, "--env: \"%s\" has no name", name);
		if (strchr(name, '='))
			env[n++] = name;
		else if (value)
			env[n++] = arena_printf(&s->tree.arena, "%s=%s", name, value);
	}
	s->wish.env = env;
	return 0;
}

static int compose(struct sandbox *s, const struct do_args *args, const char **argv, struct err *e)
{
	int r = args->user ? wish_user(args->user, MAX_ID, &s->wish, e) : 0;

	if (r == 0 && args->hostname && !*args->hostname) /* it would have the host's own */
		r = err_user(e, "--hostname is empty, want a name");
	s->wish.args = argv;
	s->wish.hostname = args->hostname;
	s->wish.no_terminal = !args->tty;
	s->wish.writable_root = true;
	s->wish.network = is_foreign(args->net) ? SPEC_WISH_HOST : SPEC_WISH_NEW;
	if (r == 0)
		r = wish_memory(args->memory, &s->wish, e);
	if (r == 0)
		r = wish_pids("pids", args->pids, &s->wish, e);
	if (r == 0)
		r = compose_env(s, args, e);
	if (r == 0)
		r = add_system(&s->tree, e);
	for (size_t i = 0; i < args->bind.n && r == 0; i++)
		r = add_bind(s, args->bind.v[i], e);
	if (r == 0)
		r = choose_cwd(s, args->cwd, e);
	if (r == 0)
		r = add_names(s, args, e);
	if (r == 0)
		r = add_empty(s, e);
	return r < 0 ? r : add_command(s, argv, e);
}

static int do_composed(struct cli *cli, const struct do_args *args, struct err *e)
{
	struct container_options options = {.net = args->net,

					    .supervise = true,
					    .attached = true,
					    .inherited_fds = cli->inherited_fds};
	auto_sandbox struct sandbox s;
	auto_runtime struct runtime rt = RUNTIME_INIT;
	int r = sandbox_init(&s, "do", e);

	cli->argv[cli->argc] = NULL; /* its place is there: main's own NULL was behind all words */
	if (r == 0)
		r = compose(&s, args, (const char **)cli->argv, e);
	if (r == 0)
		r = cli_open_runtime(cli, RUNTIME_ROOT_MAKE, &rt, e);
	if (r < 0)
		return r;
	sandbox_sweep(&rt, "do");
	r = sandbox_enter(&s, e);
	if (r < 0)
		return r;
	options.id = s.id;
	r = sandbox_run(&rt, &s, &options, &cli->status, e);
	if (r != CONTAINER_E_OOM)
		return r;
	(void)err_wrap(e, "do");
	log_err(e); /* it did run: the exit status is the command's */
	return 0;
}

static int do_run(struct cli *cli, struct err *e)
{
	struct do_args args = {.flags = NETFLAGS_INIT};
	int r = cli_parse(cli, &args, e);

	if (r == 0)
		r = netflags_read(&args.flags, &args.net, e);
	if (r == 0)
		r = do_composed(cli, &args, e);
	opt_list_done(&args.bind);
	opt_list_done(&args.env);
	netflags_done(&args.flags);
	return r;
}

const struct verb verb_do = {
	.name = "do",
	.args = "[--] COMMAND [ARGUMENT...]",
	.help = "run a command of this host in a sandbox",
	.opts = do_opts,
	.order = OPT_FIRST,
	.min = 1,
	.max = CLI_ANY,
	.failure = 125,
	.run = do_run,
};
