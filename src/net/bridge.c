/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bridge - the network that containers share.
 *
 * A bridge that is there is taken as it is: its addresses are the network's, nothing about it is
 * changed, and it stays. One that is not there is made, and by its hardware address we know it
 * again as ours. One of ours that is not complete, because somebody was killed, is completed.
 */
#include "net/bridge.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "net/name.h"
#include "net/options.h"
#include "net/sysctl.h"
#include "tinyrun/log.h"

#define SUBNETS_EACH 8 /* of those of a range that may be the default */
#define MTU_ETHERNET 1500
#define MTU_IPV6     1280 /* RFC 8200: with less there is no IPv6 */

static bool is_ours(const struct link *link, struct err *e)
{
	struct name_host host;
	uint8_t mac[6];

	if (name_host_init(&host, e) < 0)
		return false;
	name_bridge_mac(&host, link->name, mac);
	return memcmp(mac, link->mac, 6) == 0;
}

static int check_is_bridge(const struct link *link, struct err *e)
{
	if (strcmp(link->kind, "bridge") == 0)
		return 0;
	return err_user(e,
			"%s is a link of this host and no bridge: choose another name with "
			"--bridge",
			link->name);
}

/* --- one that is there --- */

static bool same_subnet(const struct net_cidr *addr, const struct net_cidr *subnet)
{
	struct net_cidr masked = *addr;

	net_cidr_mask(&masked);
	return masked.prefix == subnet->prefix && net_addr_equal(&masked.addr, &subnet->addr);
}

/* The first of @family that fits @said, if that is anything. */
static const struct net_cidr *pick(const struct link_addrs *addrs, int family,
				   const struct net_cidr *said)
{
	for (size_t i = 0; i < addrs->n; i++) {
		const struct net_cidr *c = &addrs->v[i].cidr;

		if (c->addr.family == family &&
		    (said->addr.family == AF_UNSPEC || same_subnet(c, said)))
			return c;
	}
	return NULL;
}

static int refuse_subnet(const char *bridge, const struct net_cidr *said,
			 const struct link_addrs *addrs, struct err *e)
{
	auto_buf struct buf has = BUF_INIT;
	char text[NET_CIDR_TEXT];

	for (size_t i = 0; i < addrs->n; i++)
		buf_addf(&has, "%s%s", i ? ", " : "", net_cidr_text(&addrs->v[i].cidr, text));
	return err_user(e,
			"the bridge %s has %s, and no address in the subnet %s: choose another "
			"bridge, or its own subnet",
			bridge, has.data ? has.data : "no address", net_cidr_text(said, text));
}

static void take_subnet(const struct net_cidr *addr, struct net_cidr *ret_subnet,
			struct net_addr *ret_gw)
{
	*ret_gw = addr->addr;
	*ret_subnet = *addr;
	net_cidr_mask(ret_subnet);
}

static int adopt(const struct net_options *o, const struct link *link,
		 const struct link_addrs *addrs, struct bridge *ret, struct err *e)
{
	const struct net_cidr *four = pick(addrs, AF_INET, &o->subnet);
	const struct net_cidr *six = pick(addrs, AF_INET6, &o->subnet6);

	if (o->subnet.addr.family && !four)
		return refuse_subnet(link->name, &o->subnet, addrs, e);
	if (o->subnet6.addr.family && !six)
		return refuse_subnet(link->name, &o->subnet6, addrs, e);
	if (!four && !six)
		return err_user(e,
				"the bridge %s has no address: give it one, or remove it and let "
				"it be made",
				link->name);
	if (!link->up)
		return err_user(e, "the bridge %s is down: bring it up first", link->name);
	if (four)
		take_subnet(four, &ret->subnet, &ret->gw);
	if (six)
		take_subnet(six, &ret->subnet6, &ret->gw6);
	return 0;
}

/* --- one to be made --- */

/* What the host has, and what its routes lead to. */
static int list_taken(struct nl *nl, const struct net_options *o, struct link_addrs *ret,
		      struct err *e)
{
	int r = link_addresses(nl, 0, ret, e);

	if (r < 0 || o->routes_known)
		return r;
	r = link_routes(nl, AF_INET, ret, e);
	/* of the one that is ours 40 bits are random: it is nobody's, whoever routes all of
	 * fc00::/7
	 */
	if (r == 0 && o->subnet6.addr.family)
		r = link_routes(nl, AF_INET6, ret, e);
	return r;
}

static const struct link_addr *find_overlap(const struct net_cidr *subnet,
					    const struct link_addrs *taken)
{
	for (size_t i = 0; i < taken->n; i++) {
		struct net_cidr c = taken->v[i].cidr;

		net_cidr_mask(&c);
		if (subnet->addr.family == c.addr.family && net_cidr_overlap(subnet, &c))
			return &taken->v[i];
	}
	return NULL;
}

static int check_overlap(const struct net_cidr *subnet, const struct link_addrs *taken,
			 struct err *e)
{
	const struct link_addr *other = find_overlap(subnet, taken);
	char text[NET_CIDR_TEXT], others[NET_CIDR_TEXT], link[IF_NAMESIZE];

	if (!other)
		return 0;
	(void)net_cidr_text(subnet, text);
	(void)net_cidr_text(&other->cidr, others);
	if (!other->route)
		return err_user(e,
				"the subnet %s overlaps with %s, which this host has already: "
				"choose another with --subnet",
				text, others);
	return err_user(e,
			"the subnet %s overlaps with the route of this host to %s by %s: choose "
			"another with --subnet, or make the bridge yourself",
			text, others,
			if_indextoname((unsigned)other->index, link) ? link : "several links");
}

/* The first of ours that is nobody's; if there is none the first, which is then refused. */
static struct net_cidr pick_subnet4(const struct link_addrs *taken)
{
	static const struct net_cidr first[] = {
		{.addr = {AF_INET, {10, 209}}, .prefix = 16},
		{.addr = {AF_INET, {172, 24}}, .prefix = 16},
		{.addr = {AF_INET, {192, 168, 209}}, .prefix = 24},
	};

	for (size_t i = 0; i < sizeof(first) / sizeof(*first); i++) {
		struct net_cidr c = first[i];

		for (unsigned n = 0; n < SUBNETS_EACH; n++, c.addr.bytes[c.prefix / 8 - 1]++)
			if (!find_overlap(&c, taken))
				return c;
	}
	return first[0];
}

static bool can_have_ipv6(const struct bridge *b)
{
	if (sysctl_has_ipv6() && b->mtu >= MTU_IPV6)
		return true;
	log_debug("%s: %s, so the network has IPv4 alone", b->name,
		  b->mtu < MTU_IPV6 ? "the MTU is too small for IPv6" : "this host has no IPv6");
	return false;
}

static int choose_subnets(const struct net_options *o, const struct link_addrs *taken,
			  struct bridge *ret, struct err *e)
{
	bool said = o->subnet.addr.family || o->subnet6.addr.family;
	struct name_host host;
	int r = 0;

	if (!said && strcmp(ret->name, NET_BRIDGE_NAME) != 0)
		return err_user(e, "there is no bridge %s: to have it made, give its --subnet",
				ret->name);
	ret->subnet = said ? o->subnet : pick_subnet4(taken);
	ret->subnet6 = o->subnet6;
	if (o->subnet6.addr.family && !sysctl_has_ipv6())
		return err_user(e, "--subnet: this host has no IPv6");
	if (!o->subnet6.addr.family && can_have_ipv6(ret)) {
		r = name_host_init(&host, e);
		if (r == 0)
			ret->subnet6 = name_subnet6(&host, ret->name);
	}
	(void)net_cidr_nth(&ret->subnet, 1, &ret->gw); /* a subnet has room for a gateway */
	(void)net_cidr_nth(&ret->subnet6, 1, &ret->gw6);
	return r;
}

static int invent(struct nl *nl, const struct net_options *o, struct bridge *ret, struct err *e)
{
	auto_link_addrs struct link_addrs taken = {.n = 0};
	int r = 0;

	ret->mtu = o->mtu;
	if (!ret->mtu)
		r = link_uplink_mtu(nl, &ret->mtu, e);
	if (!ret->mtu)
		ret->mtu = MTU_ETHERNET;
	if (r == 0)
		r = list_taken(nl, o, &taken, e);
	if (r == 0)
		r = choose_subnets(o, &taken, ret, e);
	if (r == 0)
		r = check_overlap(&ret->subnet, &taken, e);
	return r == 0 ? check_overlap(&ret->subnet6, &taken, e) : r;
}

int bridge_settle(struct nl *nl, const struct net_options *o, struct bridge *ret, struct err *e)
{
	auto_link_addrs struct link_addrs addrs = {.n = 0};
	struct link link;
	int r;

	*ret = (struct bridge){.ours = true};
	(void)snprintf(ret->name, sizeof(ret->name), "%s",
		       o->bridge[0] ? o->bridge : NET_BRIDGE_NAME);
	r = link_find(nl, ret->name, &link, e);
	if (r < 0)
		return r;
	if (link.index == 0)
		return invent(nl, o, ret, e);
	ret->index = link.index;
	ret->ours = is_ours(&link, e);
	r = check_is_bridge(&link, e);
	if (r == 0)
		r = link_addresses(nl, link.index, &addrs, e);
	if (r == 0 && ret->ours && addrs.n == 0)
		return invent(nl, o, ret, e); /* whoever made it was killed */
	if (r == 0 && o->mtu > link.mtu)
		r = err_user(e, "--mtu: %u is more than the bridge %s has, which is %u", o->mtu,
			     link.name, link.mtu);
	ret->mtu = o->mtu ? o->mtu : link.mtu;
	return r < 0 ? r : adopt(o, &link, &addrs, ret, e);
}

/* --- making --- */

static int make_link(struct nl *nl, const struct net_record *rec, struct link *ret, struct err *e)
{
	auto_nl_batch struct nl_batch b = NL_BATCH_INIT;
	struct name_host host;
	char path[64];
	uint8_t mac[6];
	int r = name_host_init(&host, e);

	if (r < 0)
		return r;
	name_bridge_mac(&host, rec->bridge, mac);
	link_put_bridge(&b, rec->bridge, rec->mtu, mac);
	link_put_get(&b, rec->bridge);
	r = nl_run(nl, &b, link_take, ret, e);
	/* what a container says about routes is not for the host; without IPv6 there is no such
	 * file */
	(void)snprintf(path, sizeof(path), "net/ipv6/conf/%s/accept_ra", rec->bridge);
	if (r == 0 && rec->ip6.addr.family)
		r = sysctl_write(path, "0", e);
	return r;
}

static bool has_address(const struct link_addrs *addrs, const struct net_addr *gw)
{
	for (size_t i = 0; i < addrs->n; i++)
		if (net_addr_equal(&addrs->v[i].cidr.addr, gw))
			return true;
	return gw->family == AF_UNSPEC;
}

static void put_gateway(struct nl_batch *b, int index, const struct link_addrs *addrs,
			const struct net_addr *gw, uint8_t prefix)
{
	if (!has_address(addrs, gw))
		link_put_address(b, index, &(struct net_cidr){.addr = *gw, .prefix = prefix});
}

static int fill(struct nl *nl, const struct net_record *rec, const struct link *link,
		const struct link_addrs *addrs, struct err *e)
{
	auto_nl_batch struct nl_batch b = NL_BATCH_INIT;

	if (!link->up)
		link_put_up(&b, link->index);
	put_gateway(&b, link->index, addrs, &rec->gw, rec->ip.prefix);
	put_gateway(&b, link->index, addrs, &rec->gw6, rec->ip6.prefix);
	return nl_run(nl, &b, NULL, NULL, e);
}

int bridge_make(struct nl *nl, const struct net_record *rec, int *ret_index, bool *ret_ours,
		struct err *e)
{
	auto_link_addrs struct link_addrs addrs = {.n = 0};
	struct link link;
	int r = link_find(nl, rec->bridge, &link, e);

	if (r == 0 && link.index == 0)
		r = make_link(nl, rec, &link, e);
	if (r == 0)
		r = check_is_bridge(&link, e);
	if (r == 0)
		r = link_addresses(nl, link.index, &addrs, e);
	if (r < 0)
		return err_wrap(e, "bridge %s", rec->bridge);
	*ret_ours = is_ours(&link, e);
	*ret_index = link.index;
	if (!*ret_ours && (!has_address(&addrs, &rec->gw) || !has_address(&addrs, &rec->gw6)))
		return err_user(e, "the addresses of the bridge %s have changed meanwhile",
				rec->bridge);
	r = *ret_ours ? fill(nl, rec, &link, &addrs, e) : 0;
	return r < 0 ? err_wrap(e, "bridge %s", rec->bridge) : 0;
}

int bridge_remove(struct nl *nl, const char *name, bool *ret_used, struct err *e)
{
	auto_nl_batch struct nl_batch b = NL_BATCH_INIT;
	struct link link;
	size_t n = 0;
	int r = link_find(nl, name, &link, e);

	*ret_used = false;
	if (r < 0 || link.index == 0 || strcmp(link.kind, "bridge") != 0)
		return r;
	r = link_count_ours(nl, link.index, &n, e);
	*ret_used = n > 0;
	if (r < 0 || n > 0 || !is_ours(&link, e))
		return r;
	link_put_delete(&b, link.index);
	r = nl_run(nl, &b, NULL, NULL, e);
	return r < 0 ? err_wrap(e, "bridge %s", name) : 0;
}
