/* SPDX-License-Identifier: Apache-2.0 */
/* port - a port of the host that leads into a container: as text, and whether it can be had. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "net/options.h"
#include "tinyrun/fd.h"
#include "tinyrun/str.h"

#define PORT_FORM "[HOSTIP:]PORT:PORT[/tcp|udp] (an IPv6 HOSTIP in brackets)"

static int refuse(const char *where, const char *text, const char *what, const char *found,
		  struct err *e)
{
	return err_user(e, "%s: \"%s\": %s is \"%s\", want " PORT_FORM, where, text, what, found);
}

/* Cuts "/tcp" or "/udp" off @copy. */
static bool take_protocol(char *copy, bool *ret_udp, const char **ret_found)
{
	char *slash = strchr(copy, '/');

	*ret_udp = false;
	if (!slash)
		return true;
	*slash = '\0';
	*ret_found = slash + 1;
	*ret_udp = strcmp(slash + 1, "udp") == 0;
	return *ret_udp || strcmp(slash + 1, "tcp") == 0;
}

/* Cuts the number behind the last colon off @copy; without a colon it is all of it. */
static bool take_port(char *copy, uint16_t *ret, const char **ret_found)
{
	char *colon = strrchr(copy, ':');
	uint64_t port = 0;

	*ret_found = colon ? colon + 1 : copy;
	if (str_to_u64(*ret_found, UINT16_MAX, &port) < 0 || port == 0)
		return false;
	*(colon ? colon : copy) = '\0';
	*ret = (uint16_t)port;
	return true;
}

static bool read_host(char *copy, struct net_addr *ret)
{
	size_t len = strlen(copy);
	bool brackets = len > 2 && copy[0] == '[' && copy[len - 1] == ']';

	if (len == 0)
		return true;
	if (brackets)
		copy[len - 1] = '\0';
	return net_addr_read(copy + brackets, ret) && brackets == (ret->family == AF_INET6) &&
	       !net_addr_is_many(ret);
}

int net_port_parse(const char *where, const char *text, struct net_port *ret, struct err *e)
{
	struct net_port p = {.udp = false};
	char copy[NET_PORT_TEXT];
	const char *found = "";

	if (strlen(text) >= sizeof(copy) || !strchr(text, ':') || text[0] == ':')
		return err_user(e, "%s: \"%s\" is not a port to publish, want " PORT_FORM, where,
				text);
	(void)snprintf(copy, sizeof(copy), "%s", text);
	if (!take_protocol(copy, &p.udp, &found))
		return refuse(where, text, "the protocol", found, e);
	if (!take_port(copy, &p.port, &found))
		return refuse(where, text, "the container's port", found, e);
	if (!take_port(copy, &p.host_port, &found))
		return refuse(where, text, "the host's port", found, e);
	if (!read_host(copy, &p.host))
		return refuse(where, text, "the host's address", copy, e);
	*ret = p;
	return 0;
}

const char *net_port_text(const struct net_port *p, char out[NET_PORT_TEXT])
{
	bool six = p->host.family == AF_INET6;
	char addr[NET_ADDR_TEXT], host[NET_ADDR_TEXT + 4] = "";

	if (p->host.family != AF_UNSPEC)
		(void)snprintf(host, sizeof(host), "%s%s%s:", six ? "[" : "",
			       net_addr_text(&p->host, addr), six ? "]" : "");
	(void)snprintf(out, NET_PORT_TEXT, "%s%u:%u/%s", host, p->host_port, p->port,
		       p->udp ? "udp" : "tcp");
	return out;
}

bool net_port_overlap(const struct net_port *a, const struct net_port *b)
{
	if (a->udp != b->udp || a->host_port != b->host_port)
		return false;
	if (!a->host.family || !b->host.family)
		return true;
	if (a->host.family != b->host.family)
		return false;
	return net_addr_is_any(&a->host) || net_addr_is_any(&b->host) ||
	       net_addr_equal(&a->host, &b->host);
}

/* --- the host's own programs --- */

union place {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t place_of(const struct net_addr *addr, uint16_t port, union place *ret)
{
	*ret = (union place){.any.sa_family = (sa_family_t)addr->family};
	if (addr->family == AF_INET) {
		ret->v4.sin_port = htons(port);
		memcpy(&ret->v4.sin_addr, addr->bytes, 4);
		return sizeof(ret->v4);
	}
	ret->v6.sin6_port = htons(port);
	memcpy(&ret->v6.sin6_addr, addr->bytes, 16);
	return sizeof(ret->v6);
}

/*
 * For TCP with SO_REUSEADDR, as what is left of closed connections is in nobody's way; for UDP
 * without, where it would let two have one port.
 */
static int probe_one(const struct net_port *port, const struct net_addr *addr, struct err *e)
{
	bool udp = port->udp;
	auto_fd int fd = socket(addr->family, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
	union place place;
	socklen_t len = place_of(addr, port->host_port, &place);
	char text[NET_ADDR_TEXT];
	int one = 1;

	if (fd < 0)
		return errno == EAFNOSUPPORT && !port->host.family
			       ? 0
			       : err_sys(e, "look at port %u of the host", port->host_port);
	if (!udp)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (addr->family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, &place.any, len) == 0)
		return 0;
	(void)net_addr_text(addr, text);
	if (errno == EADDRINUSE) {
		err_user(e, "port %u/%s of the host is in use by one of its programs (address %s)",
			 port->host_port, udp ? "udp" : "tcp", text);
		e->errnum = EADDRINUSE;
		return -EADDRINUSE;
	}
	if (errno == EADDRNOTAVAIL && !port->host.family)
		return 0; /* no IPv6 on any link: nobody can listen there */
	if (errno == EADDRNOTAVAIL)
		return err_user(e, "%s is not an address of this host", text);
	return err_sys(e, "look at port %u of the host", port->host_port);
}

int net_port_probe(const struct net_port *port, struct err *e)
{
	static const struct net_addr both[] = {{.family = AF_INET}, {.family = AF_INET6}};
	int r = 0;

	if (port->host.family)
		return probe_one(port, &port->host, e);
	for (size_t i = 0; r == 0 && i < 2; i++)
		r = probe_one(port, &both[i], e);
	return r;
}
