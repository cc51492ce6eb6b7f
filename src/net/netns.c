/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netns - a socket in another network namespace.
 *
 * A socket stays in the namespace in which it was made. So this process goes there for the moment
 * of making one; it has one thread, and nothing else happens in between.
 */
#include "net/netns.h"

#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "net/sysctl.h"
#include "tinyrun/fd.h"
#include "tinyrun/proc.h"

#define TRIES 100

static int open_own(int *ret, struct err *e)
{
	int proc = proc_fd(e);

	if (proc < 0)
		return proc;
	*ret = openat(proc, "self/ns/net", O_RDONLY | O_CLOEXEC);
	return *ret < 0 ? err_sys(e, "open our own network namespace") : 0;
}

/* What came next would happen to a container in place of the host: rather nothing comes next. */
static void go_back(int own_fd)
{
	for (int i = 0; i < TRIES; i++)
		if (setns(own_fd, CLONE_NEWNET) == 0)
			return;
	abort();
}

static int set_up(const char *ifname, struct nl *ret, struct err *e)
{
	char path[80], old[8];
	int r = nl_open(NETLINK_ROUTE, ret, e);

	(void)snprintf(path, sizeof(path), "net/ipv6/conf/%s/accept_ra", ifname);
	if (r == 0)
		r = sysctl_read(path, old, sizeof(old), e);
	if (r == 0)
		r = sysctl_write(path, "0", e);
	return r == SYSCTL_E_MISSING ? 0 : r;
}

int netns_open(int netns_fd, const char *ifname, struct nl *ret, struct err *e)
{
	auto_fd int own_fd = -1;
	int r = open_own(&own_fd, e);

	if (r < 0)
		return r;
	if (setns(netns_fd, CLONE_NEWNET) < 0)
		return err_sys(e, "enter the container's network namespace");
	r = set_up(ifname, ret, e);
	go_back(own_fd);
	return r;
}

int netns_is_own(int netns_fd, bool *ret, struct err *e)
{
	auto_fd int own_fd = -1;
	struct stat own, other;
	int r = open_own(&own_fd, e);

	if (r < 0)
		return r;
	if (fstat(own_fd, &own) < 0 || fstat(netns_fd, &other) < 0)
		return err_sys(e, "stat a network namespace");
	*ret = own.st_ino == other.st_ino && own.st_dev == other.st_dev;
	return 0;
}
