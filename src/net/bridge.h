/* SPDX-License-Identifier: Apache-2.0 */
/* bridge - the network that containers share: found or made, and removed with the last of them. */
#ifndef NET_BRIDGE_H
#define NET_BRIDGE_H

#include "net/link.h"
#include "net/nl.h"
#include "tinyrun/net.h"

struct bridge {
	char name[NET_LINK_NAME];
	int index;                       /* 0: it has to be made */
	bool ours;                       /* made by us, or to be made */
	bool filled;                     /* it has all its addresses, and is up */
	struct net_cidr subnet, subnet6; /* AF_UNSPEC: none of this family */
	struct net_addr gw, gw6;         /* its own addresses in them */
	unsigned mtu;
};

/*
 * What the network will be for @o: that of a bridge that is there, or of one to be made. Refuses a
 * link that is no bridge, a bridge with other addresses, a subnet that the host has or routes
 * elsewhere.
 */
int bridge_settle(struct nl *nl, const struct net_options *o, struct bridge *ret, struct err *e);
/* Makes or completes what @rec was settled for; *ret_ours: it goes with the last container. */
int bridge_make(struct nl *nl, const struct net_record *rec, int *ret_index, bool *ret_ours,
		struct err *e);
/* Removes it if it is ours and has no port of a container. *ret_used: it has one. */
int bridge_remove(struct nl *nl, const char *name, bool *ret_used, struct err *e);

#endif
