/* SPDX-License-Identifier: Apache-2.0 */
/* notify - sd_notify(3) from inside a container to the service manager that started us. */
#ifndef CONTAINER_NOTIFY_H
#define CONTAINER_NOTIFY_H

#include "tinyrun/err.h"

#include <stdbool.h>
#include <sys/types.h>

#define NOTIFY_DIR "notify" /* in the state directory; the container's /run/notify */

/* What the container sends to; fd -1: nobody waits to hear, or it was told of no socket. */
struct notify {
	int fd;
};

#define NOTIFY_INIT ((struct notify){.fd = -1})

/* NOTIFY_SOCKET of our own environment; NULL when there is none. */
const char *notify_host(void);
/* Makes the directory that the container will see. */
int notify_make(int dir_fd, struct err *e);
/* Binds the socket in it, if the container has one and somebody waits to hear. */
int notify_listen(int dir_fd, struct notify *ret, struct err *e);
/*
 * Reads one message. When it says READY the service manager is told so, and that @main_pid is the
 * service; then, or when nothing can be told, this is over: the socket is closed and true returned.
 */
bool notify_take(struct notify *n, pid_t main_pid);
/*
 * Waits until it is over or the process behind @pidfd ends, and until the service manager has read
 * what it was told (at most 30 s), as it asks the kernel about a sender that must still be there.
 */
void notify_wait(struct notify *n, int pidfd, pid_t main_pid);
void notify_done(struct notify *n);

#endif
