/* SPDX-License-Identifier: Apache-2.0 */
/* link - requests of rtnetlink, put into batches, and what the kernel answers about links. */
#ifndef NET_LINK_H
#define NET_LINK_H

#include "net/nl.h"
#include "tinyrun/net.h"

struct link {
	int index; /* 0: there is none */
	char name[NET_LINK_NAME];
	char kind[16]; /* "bridge", "veth"; "" for what has no kind */
	int master;    /* index of the bridge that it is a port of; 0: none */
	unsigned mtu;
	bool up, loopback;
	uint8_t mac[6];
};

struct link_addr {
	int index; /* of the link that has it, or that it leads over; 0: over more than one */
	struct net_cidr cidr;
	bool route;
};

struct link_addrs {
	struct link_addr *v;
	size_t n;
};

#define auto_link_addrs __attribute__((cleanup(link_addrs_done)))
void link_addrs_done(struct link_addrs *addrs);

/* --- asking --- */
/* ret->index is 0 when there is no link of this name. */
int link_find(struct nl *nl, const char *name, struct link *ret, struct err *e);
/* All addresses but link-local ones: those of the link @index, or with 0 of all links. */
int link_addresses(struct nl *nl, int index, struct link_addrs *ret, struct err *e);
/*
 * Adds the routes of all tables that lead somewhere but to everywhere: a default route is none, in
 * two halves neither, as VPNs write it.
 */
int link_routes(struct nl *nl, int family, struct link_addrs *ret, struct err *e);
/* Ports of the bridge @index that are ours: veths with such a name as name_veth() gives. */
int link_count_ours(struct nl *nl, int index, size_t *ret, struct err *e);
/* The MTU of the link that the IPv4 default route leads over; 0: there is no such route. */
int link_uplink_mtu(struct nl *nl, unsigned *ret, struct err *e);
/* For nl_run(): puts the answer of link_put_get() into the struct link @arg. */
int link_take(void *arg, const struct nlmsghdr *message);

/* --- requests --- */
void link_put_bridge(struct nl_batch *b, const char *name, unsigned mtu, const uint8_t mac[6]);
/* A pair: rec->veth on the bridge @bridge_index, rec->ifname in the namespace @netns_fd. */
void link_put_veth(struct nl_batch *b, const struct net_record *rec, int bridge_index,
		   int netns_fd);
/* The host's side: named for people, hairpin mode, no addresses of its own, up. */
void link_put_port(struct nl_batch *b, const struct net_record *rec, bool hairpin);
/*
 * Asks for one link. The kernel finishes what is pending of a link's coming up before it answers,
 * so a packet that is sent after this gets through.
 */
void link_put_get(struct nl_batch *b, const char *name);
void link_put_up(struct nl_batch *b, int index);
/* No IPv6 addresses but those that are given to it. */
void link_put_no_autoconf(struct nl_batch *b, int index);
void link_put_delete(struct nl_batch *b, int index);
/* At once: no duplicate address detection, as the leases are what prevents duplicates. */
void link_put_address(struct nl_batch *b, int index, const struct net_cidr *cidr);
void link_put_default_route(struct nl_batch *b, int index, const struct net_addr *gw);
/* @state: NUD_* of linux/neighbour.h. */
void link_put_neighbour(struct nl_batch *b, int index, const struct net_addr *addr,
			const uint8_t mac[6], uint16_t state);
void link_put_forget_neighbour(struct nl_batch *b, int index, const struct net_addr *addr);

/* fe80::/64 with the hardware address in it. RFC 4291 appendix A */
struct net_cidr link_local(const uint8_t mac[6]);

#endif
