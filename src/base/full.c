/* SPDX-License-Identifier: Apache-2.0 */
/* full - the way from the small tinyrun to the full one. */
#include "tinyrun/full.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "tinyrun/fd.h"
#include "tinyrun/path.h"
#include "tinyrun/program.h"
#include "tinyrun/sys.h"

#define PROGRAM "tinyrun-full"

static char **words;
static sigset_t mask;

void full_remember(int argc, char *const argv[])
{
	free(words); /* tests call the program several times */
	words = calloc((size_t)argc + 1, sizeof(*words));
	for (int i = 0; words && i < argc; i++)
		words[i] = argv[i];
	(void)sys_sigmask(SIG_BLOCK, NULL, &mask); /* it only asks */
}

/* By its name and not by the descriptor, whose number would be what ps(1) calls it. */
static int become(int fd, struct err *e)
{
	auto_free char *path = NULL;
	sigset_t held;
	int r = path_of_fd(fd, &path, e);

	if (r < 0)
		return r;
	if (!words)
		return err_num(e, ENOMEM, "execute %s", path);
	(void)sys_sigmask(SIG_SETMASK, &mask, &held); /* both were valid before */
	(void)execv(path, words);
	r = err_sys(e, "execute %s", path);
	(void)sys_sigmask(SIG_SETMASK, &held, NULL);
	return r;
}

int full_become(const char *needed_for, struct err *e)
{
	auto_fd int fd = -1;
	int r = program_open(PROGRAM, &fd, e);

	if (r == PROGRAM_E_MISSING)
		return err_user(e,
				"%s: that takes the program " PROGRAM
				", which is not in " LIBEXECDIR ": install it with tinyrun",
				needed_for);
	if (r == 0)
		r = become(fd, e);
	return err_wrap(e, "%s", needed_for);
}
