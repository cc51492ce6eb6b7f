/* SPDX-License-Identifier: Apache-2.0 */
#include "net/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tinyrun/fd.h"
#include "tinyrun/proc.h"

static int open_value(const char *path, int flags, struct err *e)
{
	char name[128];
	int proc = proc_fd(e), fd;

	if (proc < 0)
		return proc;
	(void)snprintf(name, sizeof(name), "sys/%s", path);
	fd = openat(proc, name, flags | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? err_sys(e, "open /proc/sys/%s", path) : fd;
}

int sysctl_read(const char *path, char *ret, size_t size, struct err *e)
{
	struct err missing = ERR_INIT;
	auto_fd int fd = open_value(path, O_RDONLY, &missing);
	ssize_t n;

	if (fd == -ENOENT)
		return SYSCTL_E_MISSING;
	if (fd < 0) {
		int r = fd;

		*e = missing;
		fd = -1;
		return r;
	}
	n = read(fd, ret, size - 1);
	if (n < 0)
		return err_sys(e, "read /proc/sys/%s", path);
	ret[n] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
	return 0;
}

int sysctl_write(const char *path, const char *value, struct err *e)
{
	auto_fd int fd = open_value(path, O_WRONLY, e);

	if (fd < 0)
		return fd;
	return write(fd, value, strlen(value)) < 0
		       ? err_sys(e, "write %s to /proc/sys/%s", value, path)
		       : 0;
}

bool sysctl_has_ipv6(void)
{
	struct err none = ERR_INIT;
	char off[8];

	return sysctl_read("net/ipv6/conf/all/disable_ipv6", off, sizeof(off), &none) == 0 &&
	       strcmp(off, "0") == 0;
}

bool sysctl_filters_bridges(void)
{
	struct err none = ERR_INIT;
	char on[8];

	return sysctl_read("net/bridge/bridge-nf-call-iptables", on, sizeof(on), &none) == 0;
}
