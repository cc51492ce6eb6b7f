/* SPDX-License-Identifier: Apache-2.0 */
/* name - names and addresses that nobody chooses: derived, so that the same input gives the same.
 */
#ifndef NET_NAME_H
#define NET_NAME_H

#include "tinyrun/net.h"

/* What tells this machine from others: 128 bits of its own, or of this boot. */
struct name_host {
	char id[40];
};

int name_host_init(struct name_host *ret, struct err *e);
/* The host's side of @owner's veth pair; another state root's @owner has another one. */
int name_veth(int root_fd, const char *owner, char ret[NET_LINK_NAME], struct err *e);
/* Whether it could be one that name_veth() gave. */
bool name_is_veth(const char *name);
/* The hardware address of a bridge that we make: by it we know our own again. */
void name_bridge_mac(const struct name_host *host, const char *bridge, uint8_t ret[6]);
/* One of a container that asked for none: two addresses never give the same on one network. */
void name_mac(const struct net_record *rec, uint8_t ret[6]);
/* A number for @text; another text has another one with odds of one in four thousand million. */
uint32_t name_hash(const char *text);
/* RFC 4193: fd, 40 bits of this machine, 16 bits of the bridge, /64. */
struct net_cidr name_subnet6(const struct name_host *host, const char *bridge);

#endif
