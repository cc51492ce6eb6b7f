/* SPDX-License-Identifier: Apache-2.0 */
/* listener - listening sockets and what comes in through them. */
#ifndef HTTPD_LISTENER_H
#define HTTPD_LISTENER_H

#include "httpd/address.h"
#include "httpd/loop.h"
#include "tinyrun/err.h"

#include <stdbool.h>

struct worker;

/* Why nothing is accepted just now. */
enum listener_pause {
	LISTENER_OPEN,  /* it is */
	LISTENER_LATER, /* memory or descriptors were out */
	LISTENER_FULL,  /* until a connection is closed */
};

struct listener {
	struct watch watch;
	struct worker *worker;
	int fd;
	bool is_status; /* what comes here may ask for nothing else */
	enum listener_pause pause;
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
int listener_inherited(unsigned max, unsigned *ret_n, struct err *e);
int listener_start(struct listener *l, struct worker *w, int fd, bool is_status, struct err *e);
/* May the worker have no connection more from it? */
bool listener_is_full(const struct listener *l);
/* Accepts what is there, @most of it. */
void listener_accept(struct listener *l, unsigned most);
/* Accepts who is in the queue already, and nobody any more. */
void listener_close(struct listener *l);

#endif
