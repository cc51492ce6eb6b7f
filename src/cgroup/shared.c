/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shared - cgroups that are there only to hold containers'.
 *
 * Who makes one above a container's has it in the record and takes it away, but others may have
 * come to stand in it meanwhile, and outlive its maker. So it has a mark, which whoever goes last
 * looks for. A cgroup of anybody else's has none and stays. Where the kernel keeps no such marks
 * (before Linux 5.7) the maker alone takes it away.
 */
#include "cgroup/internal.h"

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tinyrun/fd.h"

#define MARK "user.tinyrun.shared"

static int open_shared(const struct cgroup_host *host, const char *path)
{
	return openat(host->fd, path + 1, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

void cgroup_shared_mark(const struct cgroup_host *host, const char *path)
{
	auto_fd int fd = open_shared(host, path);

	if (fd >= 0)
		(void)fsetxattr(fd, MARK, "", 0, 0); /* without it the maker alone removes it */
}

bool cgroup_shared_is_marked(const struct cgroup_host *host, const char *path)
{
	auto_fd int fd = open_shared(host, path);

	return fd >= 0 && fgetxattr(fd, MARK, NULL, 0) == 0;
}
