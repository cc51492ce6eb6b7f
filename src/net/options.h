/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options - addresses, subnets, ports and names: from text, and what is asked of them. @where
 * begins a message: the option or annotation that had the text.
 */
#ifndef NET_OPTIONS_H
#define NET_OPTIONS_H

#include "tinyrun/net.h"

/* --- address.c --- */
/* The address of one machine, of @family or, with AF_UNSPEC, of either: not 0, not multicast. */
int net_addr_parse(const char *where, const char *text, int family, struct net_addr *ret,
		   struct err *e);
/* Whatever is written like an address; false for what is not. */
bool net_addr_read(const char *text, struct net_addr *ret);
bool net_addr_equal(const struct net_addr *a, const struct net_addr *b);
bool net_addr_is_any(const struct net_addr *a); /* 0.0.0.0, :: */
bool net_addr_is_loopback(const struct net_addr *a);
bool net_addr_is_link_local(const struct net_addr *a); /* IPv6: means something on one link only */
bool net_addr_is_many(const struct net_addr *a);       /* multicast, reserved, broadcast */
const char *net_family_name(int family);

/* A subnet: its host bits are 0. */
int net_cidr_parse(const char *where, const char *text, struct net_cidr *ret, struct err *e);
/* An address with the length of its subnet's prefix: 10.1.0.5/24. False for what is not. */
bool net_cidr_read(const char *text, struct net_cidr *ret);
bool net_cidr_has(const struct net_cidr *c, const struct net_addr *a);
bool net_cidr_overlap(const struct net_cidr *a, const struct net_cidr *b);
/* The @n-th address from the subnet's own, which is 0; false behind its end. */
bool net_cidr_nth(const struct net_cidr *c, uint64_t n, struct net_addr *ret);
/* The last address of an IPv4 subnet; IPv6 has none. */
bool net_cidr_is_broadcast(const struct net_cidr *c, const struct net_addr *a);

/* --- port.c --- */
int net_port_parse(const char *where, const char *text, struct net_port *ret, struct err *e);
/* Both cannot be had at once. */
bool net_port_overlap(const struct net_port *a, const struct net_port *b);
/* -EADDRINUSE when a program of the host has it (bind(2), and closed at once). */
int net_port_probe(const struct net_port *port, struct err *e);

/* --- options.c --- */
int net_mac_parse(const char *where, const char *text, uint8_t ret[6], struct err *e);
int net_mtu_parse(const char *where, const char *text, unsigned *ret, struct err *e);
int net_bridge_parse(const char *where, const char *text, char ret[NET_LINK_NAME], struct err *e);

#endif
