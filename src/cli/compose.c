/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose - the verb `bundle`: a bundle from programs of this host. (bundle.h has the options of
 * verbs that take one.)
 *
 * What has to be in it is found out before anything is made, so most failures leave nothing; one in
 * the middle of writing takes away what was written.
 */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tinyrun/bundle.h"
#include "tinyrun/fd.h"
#include "tinyrun/path.h"
#include "tinyrun/spec.h"

#define ROOTFS "rootfs"
#define CONFIG "config.json"

struct bundle_args {
	struct opt_list from, copy;
	bool nss, ca, rootless;
};

static const struct opt bundle_opts[] = {
	OPT_LIST("from", 0, struct bundle_args, from, "PROGRAM",
		 "a program, with all it needs to run; the first one is process.args"),
	OPT_LIST("copy", 0, struct bundle_args, copy, "PATH", "a file or directory as it is"),
	OPT_FLAG("nss", 0, struct bundle_args, nss,
		 "what the C library looks up names of hosts and services with"),
	OPT_FLAG("ca", 0, struct bundle_args, ca, "certificates of authorities, for TLS"),
	OPT_FLAG("rootless", 0, struct bundle_args, rootless,
		 "a configuration for an ordinary user, as spec --rootless"),
	OPT_END};

/* Directories that the default configuration mounts on, or a program expects. */
static int add_skeleton(struct bundle *b, struct err *e)
{
	static const char *const dirs[] = {"/proc", "/dev", "/sys", "/etc"};
	int r = bundle_add_dir(b, "/tmp", 01777, e);

	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs) && r == 0; i++)
		r = bundle_add_dir(b, dirs[i], 0755, e);
	return r;
}

static int collect(const struct bundle_args *args, char *const *more, int n_more, struct bundle *b,
		   const char **ret_first, struct err *e)
{
	const char *path = NULL;
	int r = 0;

	*ret_first = NULL;
	for (size_t i = 0; i < args->from.n + (size_t)n_more && r == 0; i++) {
		const char *program = i < args->from.n ? args->from.v[i] : more[i - args->from.n];

		r = bundle_add_program(b, program, &path, e);
		if (!*ret_first)
			*ret_first = path;
	}
	for (size_t i = 0; i < args->copy.n && r == 0; i++) {
		r = bundle_add_path(b, args->copy.v[i], e);
		if (r < 0)
			(void)err_wrap(e, "--copy");
	}
	if (r == 0 && args->nss)
		r = bundle_add_nss(b, e);
	if (r == 0 && args->ca)
		r = bundle_add_ca(b, e);
	return r < 0 ? r : add_skeleton(b, e);
}

static int compose_config(const struct bundle_args *args, const char *program, struct buf *out,
			  struct err *e)
{
	const char *const words[] = {program, NULL};
	struct spec_wish wish = {.args = words};

	if (args->rootless)
		wish = (struct spec_wish){.args = words,
					  .rootless = true,
					  .map_uid = geteuid(),
					  .map_gid = getegid(),
					  .map_size = 1};
	return spec_write_wish(out, &wish) < 0 ? err_num(e, ENOMEM, "compose the configuration")
					       : 0;
}

static int write_config(int dir_fd, const struct buf *text, struct err *e)
{
	auto_fd int fd = openat(dir_fd, CONFIG, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	int r;

	if (fd < 0)
		return err_sys(e, "make " CONFIG);
	r = fd_write_all(fd, text->data, text->len, CONFIG, e);
	if (r == 0 && close(fd_take(&fd)) < 0)
		r = err_sys(e, "write " CONFIG);
	return r;
}

static int fill(int dir_fd, const struct bundle *b, const struct buf *config, struct err *e)
{
	auto_fd int root_fd = -1;
	int r;

	if (mkdirat(dir_fd, ROOTFS, 0755) < 0)
		return errno == EEXIST ? err_user(e, "there is a " ROOTFS " in it already")
				       : err_sys(e, "make " ROOTFS);
	r = path_open_beneath(dir_fd, ROOTFS, O_RDONLY | O_DIRECTORY, 0, &root_fd, e);
	if (r == 0)
		r = bundle_write(b, root_fd, e);
	if (r == 0)
		r = write_config(dir_fd, config, e);
	return r;
}

/* Only what fill() has made: it refuses where there was something. */
static void take_back(int dir_fd, const char *dir, bool made)
{
	struct err ignored = ERR_INIT; /* the failure that led here is the one to tell */

	(void)path_remove_tree(dir_fd, ROOTFS, &ignored);
	(void)unlinkat(dir_fd, CONFIG, 0);
	if (made)
		(void)rmdir(dir);
}

static int make(const char *dir, const struct bundle *b, const struct buf *config, struct err *e)
{
	static const char *const ours[] = {ROOTFS, CONFIG};
	bool made = mkdir(dir, 0755) == 0;
	auto_fd int dir_fd = -1;
	int r;

	if (!made && errno != EEXIST)
		return err_sys(e, "make %s", dir);
	r = path_open(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, &dir_fd, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (faccessat(dir_fd, ours[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return err_user(e, "%s has a %s already: name a new directory", dir,
					ours[i]);
	r = fill(dir_fd, b, config, e);
	if (r < 0)
		take_back(dir_fd, dir, made);
	return r;
}

static int compose(struct cli *cli, const struct bundle_args *args, struct err *e)
{
	auto_bundle struct bundle b = BUNDLE_INIT;
	auto_buf struct buf config = BUF_INIT;
	const char *first;
	int r;

	if (args->from.n == 0 && cli->argc < 2)
		return err_user(e, "a program is missing: name at least one of this host, behind "
				   "DIR or by --from");
	r = collect(args, cli->argv + 1, cli->argc - 1, &b, &first, e);
	if (r == 0)
		r = compose_config(args, first, &config, e);
	return r < 0 ? r : make(cli->argv[0], &b, &config, e);
}

static int bundle_run(struct cli *cli, struct err *e)
{
	struct bundle_args args = {.nss = false};
	int r = cli_parse(cli, &args, e);

	if (r == 0)
		r = compose(cli, &args, e);
	opt_list_done(&args.from);
	opt_list_done(&args.copy);
	return r;
}

const struct verb verb_bundle = {
	.name = "bundle",
	.args = "DIR [PROGRAM...]",
	.help = "make a bundle from programs of this host",
	.opts = bundle_opts,
	.min = 1,
	.max = CLI_ANY,
	.run = bundle_run,
};
