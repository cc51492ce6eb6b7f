/* SPDX-License-Identifier: Apache-2.0 */
/* options - what the command line asked for. */
#ifndef HTTPD_OPTIONS_H
#define HTTPD_OPTIONS_H

#include "tinyrun/err.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define OPTIONS_LISTEN_MAX  16
#define OPTIONS_WORKERS_MAX 64

enum options_result {
	OPTIONS_SERVE,
	OPTIONS_DONE, /* --help or --version was answered */
};

struct options {
	const char *root;
	struct sockaddr_in6 listen[OPTIONS_LISTEN_MAX];      /* or a sockaddr_in in its place */
	unsigned n_listen;                                   /* 0: port 8080, every address */
	unsigned workers;                                    /* 0: one a CPU, at most 8 */
	unsigned max_connections;                            /* 0: what the descriptors allow */
	unsigned header_timeout, idle_timeout, send_timeout; /* seconds */
	bool log;                                            /* Common Log Format on stdout */
	bool change_user;
	uid_t uid;
	gid_t gid;
};

/* Returns enum options_result, or negative with @e filled. */
int options_parse(int argc, char **argv, struct options *ret, struct err *e);
/* "[ADDR:]PORT", an IPv6 address in brackets; without one, every address of both families. */
int options_parse_listen(const char *s, struct sockaddr_in6 *ret, struct err *e);

#endif
