/* SPDX-License-Identifier: Apache-2.0 */
/* conn - one client's connection, from accept to close. */
#ifndef HTTPD_CONN_H
#define HTTPD_CONN_H

#include "httpd/ring.h"
#include "httpd/timer.h"

#include <netinet/in.h>
#include <stdbool.h>

struct worker;

/* Takes @fd. @client is all 0 when it came through a unix socket. */
void conn_start(struct worker *w, int fd, const struct in6_addr *client, bool is_status);
/* The job that the connection waits for, with its place, is back. */
void conn_job_done(struct ring *place);
/* The connection whose place in one of the worker's rings is @place: goes on with its work. */
void conn_resume(struct ring *place);
void conn_close_at(struct ring *place);
/* Frees what stands in @dead. */
void conn_bury(struct ring *dead);
/* For the worker's wheel: the time of a connection has run out. */
void conn_expire(struct timer *t);
/* The same for all of them, at the end. */
void conn_cut(struct timer *t);

#endif
