/* SPDX-License-Identifier: Apache-2.0 */
/* address - where to listen: IPv4, IPv6, or a socket in the file system. */
#ifndef HTTPD_ADDRESS_H
#define HTTPD_ADDRESS_H

#include "tinyrun/err.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#define ADDRESS_URL_MAX 128 /* http://[ADDR]:PORT/ or unix:PATH */

struct address {
	socklen_t len;
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_un un;
	} at;
};

/* "[ADDR:]PORT", an IPv6 address in brackets, without one every address; or "unix:PATH". */
int address_parse(const char *s, struct address *ret, struct err *e);
void address_url(const struct address *a, char out[ADDRESS_URL_MAX]);
/* Makes every address of both families every one of IPv4. False when it was something else. */
bool address_drop_v6(struct address *a);
/* The address that a socket has. Returns 0, or -errno. */
int address_of_socket(int fd, struct address *ret);

#endif
