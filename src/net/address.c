/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address - addresses and subnets of both families as bytes, so that what is asked of one is asked
 * of the other by the same code.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "net/options.h"
#include "tinyrun/str.h"

static unsigned addr_bits(const struct net_addr *a)
{
	return a->family == AF_INET ? 32 : 128;
}

/* --- addresses --- */

bool net_addr_equal(const struct net_addr *a, const struct net_addr *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

const char *net_addr_text(const struct net_addr *a, char out[NET_ADDR_TEXT])
{
	out[0] = '\0';
	if (a->family != AF_UNSPEC)
		(void)inet_ntop(a->family, a->bytes, out, NET_ADDR_TEXT);
	return out;
}

bool net_addr_read(const char *text, struct net_addr *ret)
{
	struct net_addr a = {.family = strchr(text, ':') ? AF_INET6 : AF_INET};

	if (inet_pton(a.family, text, a.bytes) != 1)
		return false;
	/* an IPv4 address in disguise would pass by what is asked of those */
	if (a.family == AF_INET6 && IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)a.bytes))
		return false;
	*ret = a;
	return true;
}

bool net_addr_is_any(const struct net_addr *a)
{
	static const uint8_t zero[sizeof(a->bytes)];

	return memcmp(a->bytes, zero, sizeof(zero)) == 0;
}

bool net_addr_is_loopback(const struct net_addr *a)
{
	if (a->family == AF_INET)
		return a->bytes[0] == 127;
	return IN6_IS_ADDR_LOOPBACK((const struct in6_addr *)a->bytes);
}

bool net_addr_is_link_local(const struct net_addr *a)
{
	return a->family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL((const struct in6_addr *)a->bytes);
}

bool net_addr_is_many(const struct net_addr *a)
{
	return a->family == AF_INET ? a->bytes[0] >= 224 : a->bytes[0] == 0xff;
}

const char *net_family_name(int family)
{
	return family == AF_INET ? "IPv4" : family == AF_INET6 ? "IPv6" : "IPv4 or IPv6";
}

int net_addr_parse(const char *where, const char *text, int family, struct net_addr *ret,
		   struct err *e)
{
	struct net_addr a;

	if (!net_addr_read(text, &a) || (family != AF_UNSPEC && a.family != family))
		return err_user(e, "%s: \"%s\" is not an %s address, want one such as %s", where,
				text, net_family_name(family),
				family == AF_INET6 ? "fd00::2" : "10.0.0.2");
	if (net_addr_is_any(&a) || net_addr_is_many(&a))
		return err_user(e, "%s: \"%s\" is not the address of one machine", where, text);
	*ret = a;
	return 0;
}

/* --- subnets --- */

const char *net_cidr_text(const struct net_cidr *c, char out[NET_CIDR_TEXT])
{
	char addr[NET_ADDR_TEXT];

	out[0] = '\0';
	if (c->addr.family != AF_UNSPEC)
		(void)snprintf(out, NET_CIDR_TEXT, "%s/%u", net_addr_text(&c->addr, addr),
			       c->prefix);
	return out;
}

void net_cidr_mask(struct net_cidr *c)
{
	for (unsigned bit = c->prefix; bit < addr_bits(&c->addr); bit++)
		c->addr.bytes[bit / 8] &= (uint8_t) ~(0x80U >> bit % 8);
}

bool net_cidr_has(const struct net_cidr *c, const struct net_addr *a)
{
	struct net_cidr mine = *c, its = {.addr = *a, .prefix = c->prefix};

	if (a->family == AF_UNSPEC || a->family != c->addr.family)
		return false;
	net_cidr_mask(&mine);
	net_cidr_mask(&its);
	return net_addr_equal(&mine.addr, &its.addr);
}

bool net_cidr_overlap(const struct net_cidr *a, const struct net_cidr *b)
{
	return a->prefix <= b->prefix ? net_cidr_has(a, &b->addr) : net_cidr_has(b, &a->addr);
}

bool net_cidr_nth(const struct net_cidr *c, uint64_t n, struct net_addr *ret)
{
	struct net_cidr at = *c;
	unsigned host_bits = addr_bits(&at.addr) - at.prefix;

	if (host_bits < 64 && n >> host_bits)
		return false;
	net_cidr_mask(&at);
	for (size_t i = addr_bits(&at.addr) / 8; n; n >>= 8)
		at.addr.bytes[--i] |= (uint8_t)n; /* the host bits are 0 so far: nothing to carry */
	*ret = at.addr;
	return true;
}

bool net_cidr_is_broadcast(const struct net_cidr *c, const struct net_addr *a)
{
	if (a->family != AF_INET || !net_cidr_has(c, a))
		return false;
	for (unsigned bit = c->prefix; bit < 32; bit++)
		if (!(a->bytes[bit / 8] & (0x80U >> bit % 8)))
			return false;
	return true;
}

enum cidr_fault { CIDR_RIGHT, CIDR_FORM, CIDR_ADDRESS, CIDR_BITS };

/* ADDRESS/BITS in its parts; *ret_bits is what stands behind the slash. */
static enum cidr_fault split_cidr(const char *text, struct net_cidr *ret, char addr[NET_ADDR_TEXT],
				  const char **ret_bits)
{
	const char *slash = strchr(text, '/');
	struct net_cidr c = {.prefix = 0};
	uint64_t prefix;

	if (!slash || slash - text >= NET_ADDR_TEXT)
		return CIDR_FORM;
	(void)snprintf(addr, NET_ADDR_TEXT, "%.*s", (int)(slash - text), text);
	*ret_bits = slash + 1;
	if (!net_addr_read(addr, &c.addr))
		return CIDR_ADDRESS;
	ret->addr.family = c.addr.family; /* for the message about its bits */
	if (str_to_u64(slash + 1, addr_bits(&c.addr), &prefix) < 0)
		return CIDR_BITS;
	c.prefix = (uint8_t)prefix;
	*ret = c;
	return CIDR_RIGHT;
}

bool net_cidr_read(const char *text, struct net_cidr *ret)
{
	char addr[NET_ADDR_TEXT];
	struct net_cidr c;
	const char *bits;

	if (split_cidr(text, &c, addr, &bits) != CIDR_RIGHT)
		return false;
	*ret = c;
	return true;
}

int net_cidr_parse(const char *where, const char *text, struct net_cidr *ret, struct err *e)
{
	char addr[NET_ADDR_TEXT], right[NET_CIDR_TEXT];
	struct net_cidr c, masked;
	const char *bits;

	switch (split_cidr(text, &c, addr, &bits)) {
	case CIDR_FORM:
		return err_user(e,
				"%s: \"%s\" is not a subnet, want ADDRESS/BITS such as "
				"10.1.0.0/24 or fd00:1::/64",
				where, text);
	case CIDR_ADDRESS:
		return err_user(e, "%s: \"%s\" in \"%s\" is not an IPv4 or IPv6 address", where,
				addr, text);
	case CIDR_BITS:
		return err_user(e, "%s: the bits of \"%s\" are \"%s\", want 0 to %u", where, text,
				bits, addr_bits(&c.addr));
	default:
		break;
	}
	masked = c;
	net_cidr_mask(&masked);
	if (!net_addr_equal(&c.addr, &masked.addr))
		return err_user(e, "%s: \"%s\" is an address in a subnet, want the subnet %s",
				where, text, net_cidr_text(&masked, right));
	*ret = c;
	return 0;
}
