/* SPDX-License-Identifier: Apache-2.0 */
/* netns - a socket in another network namespace. */
#ifndef NET_NETNS_H
#define NET_NETNS_H

#include "net/nl.h"

/*
 * A route socket of the namespace @netns_fd. On the way, its link @ifname is told not to listen to
 * router advertisements, where it has IPv6. The caller is in its own namespace again in any case.
 */
int netns_open(int netns_fd, const char *ifname, struct nl *ret, struct err *e);
/* Whether @netns_fd is the one that this process is in. */
int netns_is_own(int netns_fd, bool *ret, struct err *e);

#endif
