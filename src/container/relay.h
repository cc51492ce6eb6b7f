/* SPDX-License-Identifier: Apache-2.0 */
/* relay - a foreground container: its signals, its terminal, its end. */
#ifndef CONTAINER_RELAY_H
#define CONTAINER_RELAY_H

#include "container/notify.h"
#include "tinyrun/err.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct relay {
	pid_t pid;
	int pidfd;             /* the container's process, our child */
	int pty_fd;            /* the terminal's master; -1: stdio was inherited */
	struct notify *notify; /* what it says for our service manager; NULL: nothing */
	bool reap;             /* we are the subreaper: others' ends are ours to take */
};

/*
 * Holds all signals back from here on, so that none is lost between the creation and the relay and
 * none ends us half-way. *ret_old is what was before.
 */
int relay_hold_signals(sigset_t *ret_old, struct err *e);
/* Gives the terminal the size of ours; nothing when stdin is none. */
void relay_resize(int pty_fd);
/*
 * Passes on every signal but SIGCHLD, SIGURG and SIGWINCH (which resizes the terminal), and the
 * terminal's bytes, until the process ends and is reaped. *ret_status as waitpid(2) has it.
 */
int relay_run(const struct relay *relay, int *ret_status, struct err *e);

#endif
