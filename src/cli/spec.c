/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec - writes a config.json, to start a bundle from: the default one, with what the options say.
 *
 * It is read again before it is written, as create will read it: so an option that makes no sense
 * is refused here, in the same words. What is there is never overwritten, and a file that could not
 * be written whole is removed again.
 */
#include "cli/cli.h"
#include "cli/wish.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "tinyrun/fd.h"
#include "tinyrun/path.h"
#include "tinyrun/spec.h"

struct spec_args {
	const char *bundle, *file;
	const char *rootfs, *cwd, *user, *hostname, *memory, *cpus, *pids;
	struct opt_list args, env, mounts, caps, annotations;
	bool rootless, terminal, read_only, seccomp;
	struct arena arena;
};

static const struct opt spec_opts[] = {
	OPT_TEXT("bundle", 'b', struct spec_args, bundle, "DIR",
		 "directory to write it to (default: .)"),
	OPT_TEXT("file", 'f', struct spec_args, file, "FILE",
		 "name of the file (default: config.json)"),
	OPT_FLAG("rootless", 0, struct spec_args, rootless,
		 "for an ordinary user: a user namespace with the caller as its root"),
	OPT_LIST("arg", 'a', struct spec_args, args, "WORD",
		 "the program, then its arguments (default: sh); repeat"),
	OPT_LIST("env", 'e', struct spec_args, env, "NAME=VALUE",
		 "beside PATH and TERM, or in place of them; repeat"),
	OPT_TEXT("cwd", 0, struct spec_args, cwd, "DIR", "where it starts (default: /)"),
	OPT_TEXT("user", 'u', struct spec_args, user, "UID[:GID]", "who runs it (default: 0)"),
	OPT_FLAG("terminal", 't', struct spec_args, terminal,
		 "on a terminal; =false: on the caller's streams (default: true)"),
	OPT_LIST("cap", 0, struct spec_args, caps, "CAP",
		 "one more capability, as CAP_CHOWN; repeat"),
	OPT_TEXT("hostname", 0, struct spec_args, hostname, "NAME", "default: tinyrun"),
	OPT_TEXT("rootfs", 0, struct spec_args, rootfs, "DIR",
		 "its root, from the bundle (default: rootfs)"),
	OPT_FLAG("read-only", 0, struct spec_args, read_only,
		 "=false: the root may be written to (default: true)"),
	OPT_LIST("mount", 0, struct spec_args, mounts, "source=DIR,destination=DIR[...]",
		 "one more mount; options behind commas, type=tmpfs too; repeat"),
	OPT_TEXT("memory", 'm', struct spec_args, memory, "BYTES", "limit, as 512m"),
	OPT_TEXT("cpus", 0, struct spec_args, cpus, "N", "limit in processors, as 1.5"),
	OPT_TEXT("pids-limit", 0, struct spec_args, pids, "N", "limit of processes"),
	OPT_LIST("annotation", 0, struct spec_args, annotations, "KEY=VALUE",
		 "one more annotation; repeat"),
	OPT_FLAG("seccomp", 0, struct spec_args, seccomp, "with the default filter"),
	OPT_END};

/* --- composing --- */

static int no_memory(struct err *e)
{
	return err_num(e, ENOMEM, "compose the configuration");
}

/* @first and @list as one list that ends with NULL; *ret stays NULL when both are empty. */
static int join(struct arena *arena, const char *const *first, size_t n_first,
		const struct opt_list *list, const char *const **ret, struct err *e)
{
	const char **v;

	if (n_first + list->n == 0)
		return 0;
	v = arena_alloc(arena, (n_first + list->n + 1) * sizeof(*v));
	if (!v)
		return no_memory(e);
	if (n_first)
		memcpy(v, first, n_first * sizeof(*v));
	if (list->n)
		memcpy(v + n_first, list->v, list->n * sizeof(*v));
	*ret = v;
	return 0;
}

/* Each of @list has a name before '='. */
static int check_pairs(const char *option, const struct opt_list *list, struct err *e)
{
	for (size_t i = 0; i < list->n; i++)
		if (!strchr(list->v[i], '=') || list->v[i][0] == '=')
			return err_user(e, "--%s: \"%s\" is not NAME=VALUE", option, list->v[i]);
	return 0;
}

static bool sets(const struct opt_list *env, const char *variable)
{
	size_t len = strcspn(variable, "=") + 1;

	for (size_t i = 0; i < env->n; i++)
		if (strncmp(env->v[i], variable, len) == 0)
			return true;
	return false;
}

static int compose_env(struct spec_args *args, struct spec_wish *wish, struct err *e)
{
	const char *usual[SPEC_WISH_ENV_MAX];
	size_t n = 0;
	int r = check_pairs("env", &args->env, e);

	for (const char *const *v = spec_wish_env; *v; v++)
		if (!sets(&args->env, *v))
			usual[n++] = *v;
	return r < 0 ? r : join(&args->arena, usual, n, &args->env, &wish->env, e);
}

static int compose_mounts(struct spec_args *args, struct spec_wish *wish, struct err *e)
{
	struct spec_wish_mount *v;
	int r = 0;

	if (args->mounts.n == 0)
		return 0;
	v = arena_alloc(&args->arena, args->mounts.n * sizeof(*v));
	if (!v)
		return no_memory(e);
	for (; r == 0 && wish->n_mounts < args->mounts.n; wish->n_mounts++)
		r = wish_mount(args->mounts.v[wish->n_mounts], &args->arena, &v[wish->n_mounts], e);
	wish->mounts = v;
	return r;
}

static int compose(struct spec_args *args, struct spec_wish *wish, struct err *e)
{
	int r = args->user ? wish_user(args->user, UINT32_MAX - 1, wish, e) : 0;

	wish->root = args->rootfs;
	wish->cwd = args->cwd;
	wish->hostname = args->hostname;
	wish->no_terminal = !args->terminal;
	wish->writable_root = !args->read_only;
	wish->seccomp = args->seccomp ? spec_default_seccomp : NULL;
	if (args->rootless) {
		wish->rootless = true;
		wish->map_uid = geteuid();
		wish->map_gid = getegid();
		wish->map_size = 1;
	}
	if (r == 0)
		r = wish_memory(args->memory, wish, e);
	if (r == 0)
		r = wish_pids("pids-limit", args->pids, wish, e);
	if (r == 0)
		r = wish_cpus(args->cpus, wish, e);
	if (r == 0)
		r = join(&args->arena, NULL, 0, &args->args, &wish->args, e);
	if (r == 0)
		r = compose_env(args, wish, e);
	if (r == 0)
		r = join(&args->arena, NULL, 0, &args->caps, &wish->caps, e);
	if (r == 0)
		r = check_pairs("annotation", &args->annotations, e);
	if (r == 0)
		r = join(&args->arena, NULL, 0, &args->annotations, &wish->annotations, e);
	return r == 0 ? compose_mounts(args, wish, e) : r;
}

/* --- writing --- */

/* An oddity too is an option that makes no sense: create would only warn of it. */
static void note_oddity(void *arg, const char *sentence)
{
	struct err *e = arg;

	(void)err_user(e, "%s", sentence);
}

static int check(const struct buf *text, struct err *e)
{
	auto_spec struct spec *spec = NULL;
	struct err odd = ERR_INIT;
	const struct spec_sink sink = {.warn = note_oddity, .arg = &odd};
	int r = spec_parse(text->data, text->len, "what the options make", &sink, &spec, e);

	if (r == 0 && odd.errnum) {
		*e = odd;
		return -EINVAL;
	}
	return r;
}

static int write_new(int dir_fd, const char *file, const struct buf *text, struct err *e)
{
	auto_fd int fd = openat(dir_fd, file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	int r;

	if (fd < 0 && errno == EEXIST)
		return err_user(e, "File %s exists. Remove it first", file);
	if (fd < 0)
		return err_sys(e, "make %s", file);
	r = fd_write_all(fd, text->data, text->len, file, e);
	if (r == 0 && close(fd_take(&fd)) < 0)
		r = err_sys(e, "write %s", file);
	if (r)
		(void)unlinkat(dir_fd, file, 0); /* the write's error is the one to tell */
	return r;
}

static int spec_parsed(struct spec_args *args, struct err *e)
{
	auto_buf struct buf text = BUF_INIT;
	struct spec_wish wish = {.rootless = false};
	auto_fd int dir_fd = -1;
	int r = compose(args, &wish, e);

	if (r == 0 && spec_write_wish(&text, &wish) < 0)
		r = no_memory(e);
	if (r == 0)
		r = check(&text, e);
	if (r == 0)
		r = path_open(AT_FDCWD, args->bundle, O_PATH | O_DIRECTORY, &dir_fd, e);
	return r ? r : write_new(dir_fd, args->file, &text, e);
}

static int spec_run(struct cli *cli, struct err *e)
{
	struct spec_args args = {
		.bundle = ".", .file = "config.json", .terminal = true, .read_only = true};
	int r = cli_parse(cli, &args, e);

	if (r == 0)
		r = spec_parsed(&args, e);
	opt_list_done(&args.args);
	opt_list_done(&args.env);
	opt_list_done(&args.mounts);
	opt_list_done(&args.caps);
	opt_list_done(&args.annotations);
	arena_done(&args.arena);
	return r;
}

const struct verb verb_spec = {
	.name = "spec",
	.args = "",
	.help = "write a default config.json",
	.opts = spec_opts,
	.min = 0,
	.max = 0,
	.run = spec_run,
};
