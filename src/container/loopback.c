/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loopback - a socket keeps the namespace that it was made in, so the visit to the container's
 * lasts for one socket(2); the interface is brought up from home. setns(2), netdevice(7)
 */
#include "container/loopback.h"

#include "container/rootless.h"
#include "tinyrun/fd.h"
#include "tinyrun/log.h"
#include "tinyrun/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/if.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* In a user namespace our own network may be the host's, and nobody there may come home to it. */
bool loopback_is_allowed(void)
{
	const uint32_t needed = 1U << CAP_SYS_ADMIN | 1U << CAP_NET_ADMIN | 1U << CAP_SYS_PTRACE;
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	return !rootless_in_user_ns() && syscall(SYS_capget, &head, data) == 0 &&
	       (data[0].effective & needed) == needed;
}

#define RETURN_TRIES  1000
#define LOOPBACK_GONE INT_MIN

/*
 * It fails for lack of memory alone, which passes. Hooks that undo a creation must not run in the
 * container's namespace, so who cannot come home ends; `delete --force` undoes it then.
 */
static void return_home(int home)
{
	for (int i = 0; i < RETURN_TRIES; i++)
		if (setns(home, CLONE_NEWNET) == 0)
			return;
	log_at(LOG_ERROR, "return from the new network namespace: %s", err_text(errno));
	_exit(1);
}

/* Any socket does for the request; a unix one exists in every kernel. */
static int socket_inside(int pidfd, int home, struct err *e)
{
	int fd, r = 0;

	if (setns(pidfd, CLONE_NEWNET) < 0)
		return errno == ESRCH ? LOOPBACK_GONE
				      : err_sys(e, "enter the new network namespace");
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		r = err_sys(e, "make a socket in the new network namespace");
	return_home(home);
	return r < 0 ? r : fd;
}

int loopback_up(int pidfd, struct err *e)
{
	const struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	auto_fd int home = -1, fd = -1;
	int proc = proc_fd(e);

	if (proc < 0)
		return proc;
	home = openat(proc, "self/ns/net", O_RDONLY | O_CLOEXEC);
	if (home < 0)
		return err_sys(e, "open /proc/self/ns/net");
	fd = socket_inside(pidfd, home, e);
	if (fd == LOOPBACK_GONE)
		return 0; /* init has ended, and has said why */
	if (fd < 0)
		return fd;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return err_sys(e, "bring up the loopback interface");
	return 0;
}
