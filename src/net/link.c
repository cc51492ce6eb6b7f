/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link - requests of rtnetlink: links, addresses, routes, neighbours. rtnetlink(7)
 *
 * These functions only write messages; when and where they are sent is the caller's.
 */
#include "net/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

static size_t addr_len(const struct net_addr *addr)
{
	return addr->family == AF_INET ? 4 : 16;
}

static struct ifinfomsg *add_link(struct nl_batch *b, uint16_t type, uint16_t flags,
				  const char *what)
{
	static struct ifinfomsg nowhere; /* written to when there is no room, and never read */
	struct ifinfomsg *header = &nowhere;

	(void)nl_add(b, type, flags, what, sizeof(*header), &header);
	header->ifi_family = AF_UNSPEC;
	return header;
}

void link_put_bridge(struct nl_batch *b, const char *name, unsigned mtu, const uint8_t mac[6])
{
	struct nlattr *info;

	(void)add_link(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, "make the bridge");
	nl_put_str(b, IFLA_IFNAME, name);
	nl_put_u32(b, IFLA_MTU, mtu);
	nl_put(b, IFLA_ADDRESS, mac, 6);
	info = nl_nest(b, IFLA_LINKINFO);
	nl_put_str(b, IFLA_INFO_KIND, "bridge");
	nl_end(b, info);
}

/* The container's side is made where it is to be: never a moment on the host. */
static void put_peer(struct nl_batch *b, const struct net_record *rec, int netns_fd)
{
	static const struct ifinfomsg header = {.ifi_family = AF_UNSPEC};
	struct nlattr *peer = nl_nest(b, VETH_INFO_PEER);

	if (b->last) {
		memcpy((char *)b->last + b->last->nlmsg_len, &header, sizeof(header));
		b->last->nlmsg_len += (uint32_t)NLMSG_ALIGN(sizeof(header));
	}
	nl_put_str(b, IFLA_IFNAME, rec->ifname);
	nl_put_u32(b, IFLA_MTU, rec->mtu);
	nl_put(b, IFLA_ADDRESS, rec->mac, 6);
	nl_put_u32(b, IFLA_NET_NS_FD, (uint32_t)netns_fd);
	nl_end(b, peer);
}

void link_put_veth(struct nl_batch *b, const struct net_record *rec, int bridge_index, int netns_fd)
{
	struct nlattr *info, *data;

	(void)add_link(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, "make the veth pair");
	nl_put_str(b, IFLA_IFNAME, rec->veth);
	nl_put_u32(b, IFLA_MTU, rec->mtu);
	nl_put_u32(b, IFLA_MASTER, (uint32_t)bridge_index);
	info = nl_nest(b, IFLA_LINKINFO);
	nl_put_str(b, IFLA_INFO_KIND, "veth");
	data = nl_nest(b, IFLA_INFO_DATA);
	put_peer(b, rec, netns_fd);
	nl_end(b, data);
	nl_end(b, info);
}

static void put_no_autoconf(struct nl_batch *b)
{
	struct nlattr *spec = nl_nest(b, IFLA_AF_SPEC), *inet6 = nl_nest(b, AF_INET6);

	nl_put_u8(b, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	nl_end(b, inet6);
	nl_end(b, spec);
}

static void put_hairpin(struct nl_batch *b)
{
	struct nlattr *info = nl_nest(b, IFLA_LINKINFO), *data;

	nl_put_str(b, IFLA_INFO_SLAVE_KIND, "bridge");
	data = nl_nest(b, IFLA_INFO_SLAVE_DATA);
	nl_put_u8(b, IFLA_BRPORT_MODE, 1);
	nl_end(b, data);
	nl_end(b, info);
}

void link_put_port(struct nl_batch *b, const struct net_record *rec, bool hairpin)
{
	struct ifinfomsg *header = add_link(b, RTM_NEWLINK, 0, "bring the host's side up");

	header->ifi_flags = header->ifi_change = IFF_UP;
	nl_put_str(b, IFLA_IFNAME, rec->veth);
	nl_put_str(b, IFLA_IFALIAS, rec->owner);
	if (hairpin)
		put_hairpin(b);
	if (rec->ip6.addr.family)
		put_no_autoconf(b);
}

void link_put_get(struct nl_batch *b, const char *name)
{
	(void)add_link(b, RTM_GETLINK, 0, "look at the link");
	nl_put_u32(b, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	nl_put_str(b, IFLA_IFNAME, name);
}

void link_put_up(struct nl_batch *b, int index)
{
	struct ifinfomsg *header = add_link(b, RTM_NEWLINK, 0, "bring the link up");

	header->ifi_index = index;
	header->ifi_flags = header->ifi_change = IFF_UP;
}

void link_put_no_autoconf(struct nl_batch *b, int index)
{
	add_link(b, RTM_NEWLINK, 0, "leave the link without automatic addresses")->ifi_index =
		index;
	put_no_autoconf(b);
}

void link_put_delete(struct nl_batch *b, int index)
{
	add_link(b, RTM_DELLINK, 0, "remove the link")->ifi_index = index;
	nl_spare(b, ENODEV);
}

static bool is_link_local(const struct net_addr *addr)
{
	return addr->family == AF_INET6 && addr->bytes[0] == 0xfe &&
	       (addr->bytes[1] & 0xc0) == 0x80;
}

static void put_broadcast(struct nl_batch *b, const struct net_cidr *cidr)
{
	struct net_addr last = cidr->addr;

	for (unsigned bit = cidr->prefix; bit < 32; bit++)
		last.bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	nl_put(b, IFA_BROADCAST, last.bytes, 4);
}

void link_put_address(struct nl_batch *b, int index, const struct net_cidr *cidr)
{
	struct ifaddrmsg *header = NULL;
	size_t len = addr_len(&cidr->addr);

	if (!nl_add(b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, "add the address", sizeof(*header),
		    &header))
		return;
	header->ifa_family = (uint8_t)cidr->addr.family;
	header->ifa_prefixlen = cidr->prefix;
	header->ifa_index = (unsigned)index;
	header->ifa_scope = is_link_local(&cidr->addr) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	nl_put(b, IFA_LOCAL, cidr->addr.bytes, len);
	nl_put(b, IFA_ADDRESS, cidr->addr.bytes, len);
	if (cidr->addr.family == AF_INET && cidr->prefix < 31)
		put_broadcast(b, cidr);
	if (cidr->addr.family == AF_INET6)
		nl_put_u32(b, IFA_FLAGS, IFA_F_NODAD);
}

void link_put_default_route(struct nl_batch *b, int index, const struct net_addr *gw)
{
	struct rtmsg *header = NULL;

	if (!nl_add(b, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, "add the default route",
		    sizeof(*header), &header))
		return;
	header->rtm_family = (uint8_t)gw->family;
	header->rtm_table = RT_TABLE_MAIN;
	header->rtm_protocol = RTPROT_STATIC;
	header->rtm_scope = RT_SCOPE_UNIVERSE;
	header->rtm_type = RTN_UNICAST;
	nl_put(b, RTA_GATEWAY, gw->bytes, addr_len(gw));
	nl_put_u32(b, RTA_OIF, (uint32_t)index);
}

static struct ndmsg *add_neighbour(struct nl_batch *b, uint16_t type, uint16_t flags,
				   const char *what, int index, const struct net_addr *addr)
{
	struct ndmsg *header = NULL;

	if (!nl_add(b, type, flags, what, sizeof(*header), &header))
		return NULL;
	header->ndm_family = (uint8_t)addr->family;
	header->ndm_ifindex = index;
	nl_put(b, NDA_DST, addr->bytes, addr_len(addr));
	return header;
}

void link_put_neighbour(struct nl_batch *b, int index, const struct net_addr *addr,
			const uint8_t mac[6], uint16_t state)
{
	struct ndmsg *header = add_neighbour(b, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE,
					     "add the neighbour", index, addr);

	if (!header)
		return;
	header->ndm_state = state;
	nl_put(b, NDA_LLADDR, mac, 6);
}

void link_put_forget_neighbour(struct nl_batch *b, int index, const struct net_addr *addr)
{
	(void)add_neighbour(b, RTM_DELNEIGH, 0, "remove the neighbour", index, addr);
	nl_spare(b, ENOENT);
}

struct net_cidr link_local(const uint8_t mac[6])
{
	struct net_cidr c = {.addr = {.family = AF_INET6, .bytes = {0xfe, 0x80}}, .prefix = 64};

	c.addr.bytes[8] = mac[0] ^ 2;
	memcpy(c.addr.bytes + 9, mac + 1, 2);
	c.addr.bytes[11] = 0xff;
	c.addr.bytes[12] = 0xfe;
	memcpy(c.addr.bytes + 13, mac + 3, 3);
	return c;
}
