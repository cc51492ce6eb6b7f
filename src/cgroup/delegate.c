/* SPDX-License-Identifier: Apache-2.0 */
/* delegate - gives a cgroup to another user. cgroup-v2.rst, "Model of Delegation" */
#include "tinyrun/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup/internal.h"
#include "tinyrun/fd.h"
#include "tinyrun/path.h"

/* What the kernel has said since it began to list them; older ones have these. */
#define USUAL "cgroup.procs\ncgroup.threads\ncgroup.subtree_control\n"

static void read_list(char text[CGROUP_FILE_MAX])
{
	struct err none = ERR_INIT; /* then the usual ones */
	auto_fd int fd = -1;

	if (path_open(AT_FDCWD, "/sys/kernel/cgroup", O_PATH | O_DIRECTORY, &fd, &none) < 0 ||
	    cgroup_file_read(fd, "delegate", text, CGROUP_FILE_MAX, &none) != 0)
		memcpy(text, USUAL, sizeof(USUAL));
}

int cgroup_delegate(int cgroup_fd, uid_t uid, struct err *e)
{
	char text[CGROUP_FILE_MAX], *save = NULL;

	if (fchown(cgroup_fd, uid, (gid_t)-1) < 0)
		return err_sys(e, "give the cgroup to user %u", (unsigned)uid);
	read_list(text);
	for (char *name = strtok_r(text, "\n", &save); name; name = strtok_r(NULL, "\n", &save))
		if (fchownat(cgroup_fd, name, uid, (gid_t)-1, AT_SYMLINK_NOFOLLOW) < 0 &&
		    errno != ENOENT)
			return err_sys(e, "give the cgroup's %s to user %u", name, (unsigned)uid);
	return 0;
}
