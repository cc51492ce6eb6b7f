/* SPDX-License-Identifier: Apache-2.0 */
/* clients - how many connections an address has, see the header. */
#include "httpd/clients.h"

#include <string.h>

static atomic_uint *slot_of(struct clients *c, const struct in6_addr *addr)
{
	uint64_t high, low = 0, h;

	memcpy(&high, addr->s6_addr, 8);
	if (IN6_IS_ADDR_V4MAPPED(addr))
		memcpy(&low, addr->s6_addr + 8, 8);
	h = (high ^ c->secret) * 0x9e3779b97f4a7c15;
	h = (h ^ (h >> 31) ^ low) * 0xbf58476d1ce4e5b9;
	h = (h ^ (h >> 29) ^ c->secret) * 0x94d049bb133111eb;
	return &c->counts[(h >> 32) % CLIENTS_SLOTS];
}

bool clients_enter(struct clients *c, const struct in6_addr *addr)
{
	atomic_uint *count;

	if (c->max == 0)
		return true;
	count = slot_of(c, addr);
	if (atomic_fetch_add_explicit(count, 1, memory_order_relaxed) < c->max)
		return true;
	atomic_fetch_sub_explicit(count, 1, memory_order_relaxed);
	return false;
}

void clients_leave(struct clients *c, const struct in6_addr *addr)
{
	if (c->max > 0)
		atomic_fetch_sub_explicit(slot_of(c, addr), 1, memory_order_relaxed);
}
