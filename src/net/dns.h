/* SPDX-License-Identifier: Apache-2.0 */
/* dns - composing resolv.conf, apart from finding the host's own. */
#ifndef NET_DNS_H
#define NET_DNS_H

#include "tinyrun/net.h"

/*
 * @host: the host's resolv.conf; @upstream: that of the servers behind its local resolver, NULL for
 * none. False when there is no server that a container can reach.
 */
bool dns_compose(const struct net_options *o, const char *host, const char *upstream,
		 struct buf *out);

#endif
