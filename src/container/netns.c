/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netns - a network namespace that is made on another processor meanwhile.
 *
 * It is the most expensive namespace by far: half a millisecond in the kernel, as much as all the
 * others and the mounts together. So a thread makes it while the plan is compiled and the cgroup
 * made, and init joins it. It belongs to nobody until then: when we die, it ends with us.
 */
#include "container/netns.h"

#include "tinyrun/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static int loopback_up(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	auto_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -1 : ioctl(fd, SIOCSIFFLAGS, &request);
}

static void *make(void *arg)
{
	struct netns *n = arg;

	n->what = "make a network namespace";
	if (unshare(CLONE_NEWNET) == 0) {
		n->what = "open the new network namespace";
		n->fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	}
	if (n->fd >= 0) {
		n->what = "bring up the loopback interface";
		if (loopback_up() == 0)
			n->what = NULL;
	}
	n->errnum = n->what ? errno : 0;
	return NULL;
}

int netns_begin(struct netns *n, struct err *e)
{
	int errnum = pthread_create(&n->thread, NULL, make, n);

	if (errnum != 0)
		return err_num(e, errnum, "start a thread for the network namespace");
	n->begun = true;
	return 0;
}

int netns_take(struct netns *n, int *ret_fd, struct err *e)
{
	if (n->begun)
		(void)pthread_join(n->thread, NULL); /* it is ours and joinable */
	n->begun = false;
	if (n->what)
		return err_num(e, n->errnum, "%s", n->what);
	*ret_fd = fd_take(&n->fd);
	return 0;
}

void netns_done(struct netns *n)
{
	if (n->begun)
		(void)pthread_join(n->thread, NULL);
	fd_close(&n->fd);
	*n = NETNS_INIT;
}
