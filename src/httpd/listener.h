/* SPDX-License-Identifier: Apache-2.0 */
/* listener - listening sockets and what comes in through them. */
#ifndef HTTPD_LISTENER_H
#define HTTPD_LISTENER_H

#include "httpd/loop.h"
#include "tinyrun/err.h"

#include <netinet/in.h>
#include <stdbool.h>

#define LISTENER_URL_MAX 64 /* http://[ADDR]:PORT/ */

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
	enum listener_more more;
};

/*
 * Opens @count sockets on one address, among which the kernel spreads connections. @addr gets the
 * port that was chosen when it asks for port 0. An address that someone else serves is refused.
 */
int listener_open_all(struct sockaddr_in6 *addr, int *ret_fds, unsigned count, struct err *e);
void listener_url(const struct sockaddr_in6 *addr, char out[LISTENER_URL_MAX]);
int listener_start(struct listener *l, struct worker *w, int fd, struct err *e);
/* Accepts what is there, up to a fair share. */
void listener_accept(struct listener *l);

#endif
