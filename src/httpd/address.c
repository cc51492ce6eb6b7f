/* SPDX-License-Identifier: Apache-2.0 */
/* address - where to listen. Numbers only: no resolver, nothing below /etc. */
#include "httpd/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tinyrun/str.h"

static int parse_path(const char *path, struct address *ret, struct err *e)
{
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof(ret->at.un.sun_path))
		return err_user(e, "the path of a socket has 1 to %zu bytes",
				sizeof(ret->at.un.sun_path) - 1);
	ret->at.un.sun_family = AF_UNIX;
	memcpy(ret->at.un.sun_path, path, len + 1);
	ret->len = sizeof(ret->at.un);
	return 0;
}

static bool parse_number(const char *addr, bool brackets, in_port_t port, struct address *ret)
{
	if (brackets) {
		ret->at.v6.sin6_family = AF_INET6;
		ret->at.v6.sin6_port = port;
		ret->len = sizeof(ret->at.v6);
		return inet_pton(AF_INET6, addr, &ret->at.v6.sin6_addr) == 1;
	}
	ret->at.v4.sin_family = AF_INET;
	ret->at.v4.sin_port = port;
	ret->len = sizeof(ret->at.v4);
	return inet_pton(AF_INET, addr, &ret->at.v4.sin_addr) == 1;
}

int address_parse(const char *s, struct address *ret, struct err *e)
{
	const char *colon = strrchr(s, ':');
	char addr[INET6_ADDRSTRLEN + 2] = "[::]";
	size_t len = colon ? (size_t)(colon - s) : 0;
	uint64_t port;
	bool brackets;

	memset(ret, 0, sizeof(*ret));
	if (str_starts(s, "unix:"))
		return parse_path(s + 5, ret, e);
	if (str_to_u64(colon ? colon + 1 : s, UINT16_MAX, &port) < 0 || len >= sizeof(addr))
		return err_user(e, "\"%s\" is neither [ADDR:]PORT nor unix:PATH", s);
	if (colon) {
		memcpy(addr, s, len);
		addr[len] = 0;
	}
	len = strlen(addr);
	brackets = len > 2 && addr[0] == '[' && addr[len - 1] == ']';
	if (brackets)
		addr[len - 1] = 0;
	if (!parse_number(addr + brackets, brackets, htons((uint16_t)port), ret))
		return err_user(
			e, "\"%s\" is not [ADDR:]PORT: the address is IPv4, or IPv6 in brackets",
			s);
	return 0;
}

void address_url(const struct address *a, char out[ADDRESS_URL_MAX])
{
	char text[INET6_ADDRSTRLEN];

	switch (a->at.any.sa_family) {
	case AF_UNIX:
		snprintf(out, ADDRESS_URL_MAX, "unix:%s", a->at.un.sun_path);
		return;
	case AF_INET:
		inet_ntop(AF_INET, &a->at.v4.sin_addr, text, sizeof(text));
		snprintf(out, ADDRESS_URL_MAX, "http://%s:%u/", text, ntohs(a->at.v4.sin_port));
		return;
	default:
		inet_ntop(AF_INET6, &a->at.v6.sin6_addr, text, sizeof(text));
		snprintf(out, ADDRESS_URL_MAX, "http://[%s]:%u/", text, ntohs(a->at.v6.sin6_port));
	}
}

bool address_drop_v6(struct address *a)
{
	in_port_t port = a->at.v6.sin6_port;

	if (a->at.any.sa_family != AF_INET6 || !IN6_IS_ADDR_UNSPECIFIED(&a->at.v6.sin6_addr))
		return false;
	memset(a, 0, sizeof(*a));
	return parse_number("0.0.0.0", false, port, a);
}

int address_of_socket(int fd, struct address *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->len = sizeof(ret->at) - 1; /* a path stays 0-terminated */
	if (getsockname(fd, &ret->at.any, &ret->len) < 0)
		return -errno;
	return 0;
}
