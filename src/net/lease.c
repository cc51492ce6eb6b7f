/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lease - who has which address and which port of the host.
 *
 * All leases of a state root are one short file, read and written as a whole under a lock. A lease
 * is on disk before the links and rules that need it, and is dropped after these are gone. A
 * container that has no state directory any more is gone, and so is its lease; of those whom an
 * engine asked for through CNI the engine alone knows.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/lease_file.h"
#include "net/name.h"
#include "tinyrun/fd.h"
#include "tinyrun/path.h"

#define STORE_DIR ".net" /* cannot be a container's id */

/* --- the store --- */

int net_store_open(int root_fd, bool make, struct net_store *ret, struct err *e)
{
	struct err missing = ERR_INIT;
	auto_fd int fd = -1;
	int r;

	if (make && mkdirat(root_fd, STORE_DIR, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "make " STORE_DIR " in the state root");
	r = path_open_beneath(root_fd, STORE_DIR, O_RDONLY | O_DIRECTORY, 0, &fd, &missing);
	if (r == -ENOENT && !make)
		return NET_E_MISSING;
	if (r < 0) {
		*e = missing;
		return err_wrap(e, "state root");
	}
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return err_sys(e, "lock the leases");
	lease_list_tidy(fd);
	*ret = (struct net_store){.root_fd = root_fd, .fd = fd_take(&fd)};
	return 0;
}

void net_store_close(struct net_store *store)
{
	fd_close(&store->fd);
	*store = NET_STORE_INIT;
}

static bool is_stale(const struct net_store *store, const struct net_lease *lease)
{
	return !strchr(lease->owner, ':') &&
	       faccessat(store->root_fd, lease->owner, F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
	       errno == ENOENT;
}

/* --- what is free --- */

/* How far @a is from the subnet's own address; at most 64 bits of it are ever counted. */
static uint64_t index_of(const struct net_cidr *c, const struct net_addr *a)
{
	size_t len = a->family == AF_INET ? 4 : 16;
	unsigned host_bits = (unsigned)len * 8 - c->prefix;
	uint64_t n = 0;

	for (size_t i = len - (len == 4 ? 4 : 8); i < len; i++)
		n = n << 8 | a->bytes[i];
	return host_bits < 64 ? n & ((UINT64_C(1) << host_bits) - 1) : n;
}

static const struct net_cidr *of_family(const struct net_lease *lease, int family)
{
	return family == AF_INET ? &lease->ip : &lease->ip6;
}

/* Of n leases at most n of the first n + 3 addresses are taken: a bit for each of these is enough.
 */
static int smallest_free(const struct lease_list *list, const struct net_cidr *subnet,
			 const struct net_addr *gateway, struct net_addr *ret, struct err *e)
{
	size_t n = list->n + 4;
	auto_free bool *taken = calloc(n, sizeof(*taken));
	char text[NET_CIDR_TEXT];

	if (!taken)
		return err_num(e, ENOMEM, "look for a free address");
	for (size_t i = 0; i < list->n; i++) {
		const struct net_addr *a = &of_family(&list->v[i].as, subnet->addr.family)->addr;

		if (net_cidr_has(subnet, a) && index_of(subnet, a) < n)
			taken[index_of(subnet, a)] = true;
	}
	for (size_t i = 1; i < n; i++) {
		struct net_addr a;

		if (taken[i])
			continue;
		if (!net_cidr_nth(subnet, i, &a))
			break;
		if (net_addr_equal(&a, gateway) || net_cidr_is_broadcast(subnet, &a))
			continue;
		*ret = a;
		return 0;
	}
	return err_user(e,
			"no address is free in %s: delete a container, or use another --bridge "
			"with a larger --subnet",
			net_cidr_text(subnet, text));
}

static int check_wanted(const struct lease_list *list, const struct net_cidr *subnet,
			const struct net_addr *gateway, const struct net_addr *wanted,
			struct err *e)
{
	char addr[NET_ADDR_TEXT], net[NET_CIDR_TEXT];
	struct net_addr network;

	(void)net_addr_text(wanted, addr);
	if (!net_cidr_has(subnet, wanted))
		return err_user(e, "%s is not in the bridge's subnet %s", addr,
				net_cidr_text(subnet, net));
	if (net_addr_equal(wanted, gateway))
		return err_user(e, "%s is the bridge's own address", addr);
	(void)net_cidr_nth(subnet, 0, &network);
	if (net_addr_equal(wanted, &network) || net_cidr_is_broadcast(subnet, wanted))
		return err_user(e, "%s is not the address of one machine in %s", addr,
				net_cidr_text(subnet, net));
	for (size_t i = 0; i < list->n; i++)
		if (net_addr_equal(&of_family(&list->v[i].as, wanted->family)->addr, wanted))
			return err_user(e, "%s is in use by %s", addr, list->v[i].as.owner);
	return 0;
}

static int choose(const struct lease_list *list, const struct net_cidr *subnet,
		  const struct net_addr *gateway, const struct net_addr *wanted,
		  struct net_cidr *ret, struct err *e)
{
	struct net_cidr c = {.addr = *wanted, .prefix = subnet->prefix};
	int r = 0;

	if (subnet->addr.family == AF_UNSPEC) {
		char addr[NET_ADDR_TEXT];

		if (wanted->family != AF_UNSPEC)
			return err_user(e, "%s was asked for, and the bridge has no %s subnet",
					net_addr_text(wanted, addr),
					net_family_name(wanted->family));
		*ret = (struct net_cidr){.prefix = 0};
		return 0;
	}
	if (wanted->family != AF_UNSPEC)
		r = check_wanted(list, subnet, gateway, wanted, e);
	else
		r = smallest_free(list, subnet, gateway, &c.addr, e);
	if (r == 0)
		*ret = c;
	return r;
}

/* --- who is in the way --- */

static int check_subnet(const struct lease_list *list, const char *bridge,
			const struct net_cidr *subnet, struct err *e)
{
	char mine[NET_CIDR_TEXT], others[NET_CIDR_TEXT];

	if (subnet->addr.family == AF_UNSPEC)
		return 0;
	for (size_t i = 0; i < list->n; i++) {
		const struct net_lease *lease = &list->v[i].as;
		struct net_cidr other = *of_family(lease, subnet->addr.family);

		if (strcmp(lease->bridge, bridge) == 0 || other.addr.family == AF_UNSPEC)
			continue;
		net_cidr_mask(&other);
		if (net_cidr_overlap(&other, subnet))
			return err_user(
				e,
				"the subnet %s of bridge %s overlaps %s of bridge %s, which "
				"%s uses: choose another --subnet",
				net_cidr_text(subnet, mine), bridge, net_cidr_text(&other, others),
				lease->bridge, lease->owner);
	}
	return 0;
}

static int check_mac(const struct lease_list *list, const char *bridge, const struct net_options *o,
		     struct err *e)
{
	for (size_t i = 0; o->has_mac && i < list->n; i++)
		if (list->v[i].has_mac && memcmp(list->v[i].mac, o->mac, sizeof(o->mac)) == 0 &&
		    strcmp(list->v[i].as.bridge, bridge) == 0)
			return err_user(e,
					"the hardware address that --mac asks for is in use by "
					"%s",
					list->v[i].as.owner);
	return 0;
}

static int check_ports(const struct lease_list *list, const struct net_options *o, struct err *e)
{
	char text[NET_PORT_TEXT];

	for (size_t i = 0; i < list->n; i++) {
		const struct net_lease *other = &list->v[i].as;

		for (size_t k = 0; k < other->n_ports * o->n_ports; k++) {
			const struct net_port *port = &o->ports[k % o->n_ports];

			if (net_port_overlap(port, &other->ports[k / o->n_ports]))
				return err_user(e, "port %s of the host is published by %s already",
						net_port_text(port, text), other->owner);
		}
	}
	for (size_t i = 0; i < o->n_ports; i++) {
		int r = net_port_probe(&o->ports[i], e);

		if (r < 0)
			return r;
	}
	return 0;
}

/* --- taking and giving back --- */

/* What may be handed out again, @owner's own among it. */
static void remove_free(const struct net_store *store, const char *owner, struct lease_list *list)
{
	for (size_t i = list->n; i-- > 0;)
		if (strcmp(list->v[i].as.owner, owner) == 0 || is_stale(store, &list->v[i].as))
			lease_list_remove(list, i);
}

static int fill(struct lease_list *list, const struct net_options *o, const struct net_cidr *subnet,
		const struct net_cidr *subnet6, const struct net_record *rec, struct lease *to,
		struct err *e)
{
	int r = check_subnet(list, rec->bridge, subnet, e);

	if (r == 0)
		r = check_subnet(list, rec->bridge, subnet6, e);
	if (r == 0)
		r = check_mac(list, rec->bridge, o, e);
	if (r == 0)
		r = choose(list, subnet, &rec->gw, &o->ip, &to->as.ip, e);
	if (r == 0)
		r = choose(list, subnet6, &rec->gw6, &o->ip6, &to->as.ip6, e);
	return r == 0 ? check_ports(list, o, e) : r;
}

int net_lease_take(struct net_store *store, const struct net_options *o,
		   const struct net_cidr *subnet, const struct net_cidr *subnet6,
		   struct net_record *rec, struct err *e)
{
	auto_leases struct lease_list list = LEASE_LIST_INIT;
	struct lease lease = {.as = {.owner = rec->owner,
				     .bridge = rec->bridge,
				     .ports = o->ports,
				     .n_ports = o->n_ports},
			      .has_mac = o->has_mac};
	struct net_port *ports = NULL;
	int r = lease_list_load(store, &list, e);

	if (r < 0)
		return r;
	memcpy(lease.mac, o->mac, sizeof(lease.mac));
	remove_free(store, rec->owner, &list);
	r = fill(&list, o, subnet, subnet6, rec, &lease, e);
	if (r < 0)
		return r;
	if (o->n_ports) {
		ports = arena_alloc(&rec->arena, o->n_ports * sizeof(*ports));
		if (!ports)
			return err_num(e, ENOMEM, "keep the ports");
		memcpy(ports, o->ports, o->n_ports * sizeof(*ports));
	}
	r = lease_list_insert(&list, &lease, e);
	if (r == 0)
		r = lease_list_save(store, &list, e);
	if (r < 0)
		return r;
	rec->ip = lease.as.ip;
	rec->ip6 = lease.as.ip6;
	rec->ports = ports;
	rec->n_ports = o->n_ports;
	return 0;
}

int net_lease_drop(struct net_store *store, const char *owner, struct err *e)
{
	auto_leases struct lease_list list = LEASE_LIST_INIT;
	int r = lease_list_load(store, &list, e);
	size_t before = list.n;

	for (size_t i = list.n; r == 0 && i-- > 0;)
		if (strcmp(list.v[i].as.owner, owner) == 0)
			lease_list_remove(&list, i);
	return r == 0 && list.n < before ? lease_list_save(store, &list, e) : r;
}

int net_lease_each(struct net_store *store, int (*each)(void *arg, const struct net_lease *lease),
		   void *arg, struct err *e)
{
	auto_leases struct lease_list list = LEASE_LIST_INIT;
	int r = lease_list_load(store, &list, e);

	for (size_t i = 0; r == 0 && i < list.n; i++)
		if (!is_stale(store, &list.v[i].as))
			r = each(arg, &list.v[i].as);
	return r;
}

/* What a lease says of a record; the rest is derived from names, or not needed to undo it. */
static int to_record(const struct net_store *store, const struct lease *lease,
		     struct net_record *rec, struct err *e)
{
	const struct net_lease *as = &lease->as;
	size_t size = as->n_ports * sizeof(*as->ports);

	(void)snprintf(rec->bridge, sizeof(rec->bridge), "%s", as->bridge);
	rec->ip = as->ip;
	rec->ip6 = as->ip6;
	rec->owner = arena_strdup(&rec->arena, as->owner);
	rec->ports = arena_alloc(&rec->arena, size + 1);
	if (!rec->owner || !rec->ports)
		return err_num(e, ENOMEM, "keep a lease");
	if (as->n_ports)
		memcpy(rec->ports, as->ports, size);
	rec->n_ports = as->n_ports;
	return name_veth(store->root_fd, rec->owner, rec->veth, e);
}

int net_lease_find(struct net_store *store, const char *owner, struct net_record *ret,
		   struct err *e)
{
	auto_leases struct lease_list list = LEASE_LIST_INIT;
	int r = lease_list_load(store, &list, e);

	for (size_t i = 0; r == 0 && i < list.n; i++)
		if (strcmp(owner, list.v[i].as.owner) == 0)
			return to_record(store, &list.v[i], ret, e);
	return r < 0 ? r : NET_E_MISSING;
}

int net_lease_stale(struct net_store *store, const char *bridge, struct net_record *ret,
		    struct err *e)
{
	auto_leases struct lease_list list = LEASE_LIST_INIT;
	int r = lease_list_load(store, &list, e);

	for (size_t i = 0; r == 0 && i < list.n; i++)
		if ((!bridge || strcmp(bridge, list.v[i].as.bridge) == 0) &&
		    is_stale(store, &list.v[i].as))
			return to_record(store, &list.v[i], ret, e);
	return r < 0 ? r : NET_E_MISSING;
}
