/* SPDX-License-Identifier: Apache-2.0 */
/* listener - listening sockets and what comes in through them. */
#ifndef HTTPD_LISTENER_H
#define HTTPD_LISTENER_H

#include "httpd/address.h"
#include "httpd/loop.h"
#include "tinyrun/err.h"

#include <stdbool.h>

struct worker;

/* Whether there may be connections that were not accepted. */
enum listener_more {
	LISTENER_EMPTY,
	LISTENER_NOW,   /* the turn of the others has come */
	LISTENER_LATER, /* memory or descriptors were out */
	LISTENER_FULL,  /* when a connection is closed */
};

struct listener {
	struct watch watch;
	struct worker *worker;
	int fd;
	bool is_status; /* what comes here may ask for nothing else */
	enum listener_more more;
};

/*
 * Opens @count sockets on one address, among which the kernel spreads connections; of a path they
 * are one socket that is shared. @addr gets the port that was chosen when it asks for port 0. An
 * address that someone else serves is refused.
 */
int listener_open_all(struct address *addr, int *ret_fds, unsigned count, struct err *e);
/* Makes @count - 1 more descriptors of ret_fds[0]. */
int listener_share(int *ret_fds, unsigned count, struct err *e);
/* How many listening sockets were inherited (LISTEN_FDS), from descriptor 3 on. */
unsigned listener_inherited(unsigned max);
int listener_start(struct listener *l, struct worker *w, int fd, bool is_status, struct err *e);
/* Accepts what is there, up to a fair share. */
void listener_accept(struct listener *l);

#endif
