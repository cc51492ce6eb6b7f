/* SPDX-License-Identifier: Apache-2.0 */
/* runtime - the state root, opened once; everything else is a name below it. */
#include "tinyrun/container.h"

#include "tinyrun/fd.h"
#include "tinyrun/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int default_root(char **ret, struct err *e)
{
	const char *run = getenv("XDG_RUNTIME_DIR");
	bool given = run && run[0] == '/';

	if (!runtime_is_rootless() || (geteuid() == 0 && !given))
		*ret = strdup("/run/tinyrun");
	else if (!given)
		return err_user(e, "XDG_RUNTIME_DIR is not set, below which an ordinary user's "
				   "containers are kept: log in, as a login sets it, or name a "
				   "directory of your own with --root");
	else if (asprintf(ret, "%s/tinyrun", run) < 0)
		*ret = NULL;
	return *ret ? 0 : err_num(e, ENOMEM, "name the state root");
}

static int absolute(const char *path, char **ret, struct err *e)
{
	auto_free char *cwd = NULL;

	if (path[0] == '/') {
		*ret = strdup(path);
		return *ret ? 0 : err_num(e, ENOMEM, "name the state root");
	}
	cwd = getcwd(NULL, 0);
	if (!cwd)
		return err_sys(e, "find the current directory");
	if (asprintf(ret, "%s/%s", cwd, path) < 0) {
		*ret = NULL;
		return err_num(e, ENOMEM, "name the state root");
	}
	return 0;
}

/* The root belongs to us alone: whoever can write to it chooses what `delete` removes. */
static int check_owner(const struct runtime *rt, struct err *e)
{
	struct stat st;

	if (fstat(rt->root_fd, &st) < 0)
		return err_sys(e, "stat %s", rt->root);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return err_user(e, "--root %s belongs to user %u, want one of your own", rt->root,
				(unsigned)st.st_uid);
	if (st.st_mode & S_IWOTH)
		return err_user(
			e, "--root %s can be written by everybody, want a directory of your own",
			rt->root);
	return 0;
}

int runtime_open(struct runtime *rt, const char *root, enum runtime_root how, struct err *e)
{
	struct err quiet = ERR_INIT;
	bool given = root != NULL;
	int r;

	if (how == RUNTIME_ROOT_NONE)
		return 0;
	if (given && root[0] == '\0')
		return err_user(e, "--root is empty, want a directory");
	r = given ? absolute(root, &rt->root, e) : default_root(&rt->root, e);
	if (r < 0)
		return r;
	if (strspn(rt->root, "/") == strlen(rt->root))
		return err_user(e, "--root is /, want a directory of its own");
	if (how == RUNTIME_ROOT_MAKE) {
		r = path_make_dirs(rt->root, 0700, &rt->root_fd, e);
	} else {
		r = path_open(AT_FDCWD, rt->root, O_PATH | O_DIRECTORY, &rt->root_fd, &quiet);
		if (r == -ENOENT)
			return 0; /* nobody has made a container yet */
		if (r < 0)
			*e = quiet;
	}
	return r < 0 ? r : check_owner(rt, e);
}

void runtime_close(struct runtime *rt)
{
	free(rt->root);
	fd_close(&rt->root_fd);
	*rt = RUNTIME_INIT;
}
