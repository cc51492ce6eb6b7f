/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clients - how many connections an address has, over all workers.
 *
 * A table of counters without a lock. Addresses meet in a counter by a hash that is secret; those
 * that do share the bound, which is generous. Of IPv6 a /64 counts as one client.
 */
#ifndef HTTPD_CLIENTS_H
#define HTTPD_CLIENTS_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define CLIENTS_SLOTS 65536

struct clients {
	unsigned max; /* 0: no bound */
	uint64_t secret;
	atomic_uint counts[CLIENTS_SLOTS];
};

/* False, and nothing is counted, when @addr has enough. */
bool clients_enter(struct clients *c, const struct in6_addr *addr);
void clients_leave(struct clients *c, const struct in6_addr *addr);

#endif
