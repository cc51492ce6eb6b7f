/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec - writes a default config.json, to start a bundle from.
 *
 * What is there is never overwritten, and a file that could not be written whole is removed again.
 */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "tinyrun/fd.h"
#include "tinyrun/path.h"
#include "tinyrun/spec.h"

struct spec_args {
	const char *bundle, *file;
	bool rootless;
};

static const struct opt spec_opts[] = {
	OPT_TEXT("bundle", 'b', struct spec_args, bundle, "DIR",
		 "directory to write it to (default: .)"),
	OPT_TEXT("file", 'f', struct spec_args, file, "FILE",
		 "name of the file (default: config.json)"),
	OPT_FLAG("rootless", 0, struct spec_args, rootless,
		 "for an ordinary user: a user namespace with the caller as its root"),
	OPT_END};

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

static int spec_run(struct cli *cli, struct err *e)
{
	struct spec_args args = {.bundle = ".", .file = "config.json"};
	auto_buf struct buf text = BUF_INIT;
	auto_fd int dir_fd = -1;
	int r = cli_parse(cli, &args, e);

	if (r)
		return r;
	if (spec_write_default(&text, args.rootless, geteuid(), getegid()) < 0 || text.failed)
		return err_num(e, ENOMEM, "compose the default configuration");
	r = path_open(AT_FDCWD, args.bundle, O_PATH | O_DIRECTORY, &dir_fd, e);
	return r ? r : write_new(dir_fd, args.file, &text, e);
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
