/* SPDX-License-Identifier: Apache-2.0 */
/* netflags - the options of a container's network, for the tables of create, run and plan. */
#ifndef TINYRUN_CLI_NETFLAGS_H
#define TINYRUN_CLI_NETFLAGS_H

#include "cli/opt.h"
#include "tinyrun/net.h"

/* As they stand on the command line. */
struct netflags {
	const char *network, *bridge, *ip, *ip6, *mac, *mtu;
	struct opt_list publish, subnet, dns, add_host;
	struct net_options asked;
};

#define NETFLAGS_INIT ((struct netflags){.asked = NET_OPTIONS_INIT})
#define auto_netflags __attribute__((cleanup(netflags_done)))
void netflags_done(struct netflags *flags);
/* Reads them into flags->asked. *ret is that, or NULL when none was given. */
int netflags_read(struct netflags *flags, struct net_options **ret, struct err *e);

/* Rows for a target of @type whose member @at is a struct netflags. */
#define NETFLAGS_OPTS(type, at)                                                                 \
	OPT_TEXT("network", 0, type, at.network, "bridge|none|host|PATH",                       \
		 "its network: one of its own on a bridge, or another"),                        \
		OPT_LIST("publish", 'p', type, at.publish, "[IP:]PORT:PORT[/udp]",              \
			 "lead this port of the host to that of the container; repeat"),        \
		OPT_TEXT("ip", 0, type, at.ip, "ADDR",                                          \
			 "its IPv4 address (default: the first free one)"),                     \
		OPT_TEXT("ip6", 0, type, at.ip6, "ADDR",                                        \
			 "its IPv6 address (default: the first free one)"),                     \
		OPT_TEXT("mac", 0, type, at.mac, "ADDR",                                        \
			 "its hardware address (default: made from the address)"),              \
		OPT_TEXT("mtu", 0, type, at.mtu, "N", "its MTU (default: that of the bridge)"), \
		OPT_LIST("dns", 0, type, at.dns, "ADDR",                                        \
			 "name server (default: those of the host); repeat"),                   \
		OPT_LIST("add-host", 0, type, at.add_host, "NAME:ADDR",                         \
			 "one more line of /etc/hosts; repeat"),                                \
		OPT_TEXT("bridge", 0, type, at.bridge, "NAME",                                  \
			 "bridge of the host (default: " NET_BRIDGE_NAME ")"),                  \
		OPT_LIST("subnet", 0, type, at.subnet, "CIDR",                                  \
			 "subnet of a bridge that is to be made; one of each family")

#endif
