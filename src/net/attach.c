/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach - a container's network from its options to nothing again.
 *
 * All three, prepare, attach and detach, hold the lock of the leases from their first look to their
 * last change. Detach does the same whether the container lived or was never quite made: it asks
 * for each thing whether it is there, and whose it is.
 */
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "net/bridge.h"
#include "net/firewall.h"
#include "net/link.h"
#include "net/name.h"
#include "net/netns.h"
#include "net/options.h"
#include "net/sysctl.h"
#include "tinyrun/fd.h"
#include "tinyrun/log.h"
#include "tinyrun/net.h"
#include "tinyrun/path.h"

#define LOOPBACK 1 /* the index of lo, in every namespace */

/* What is spoken to on the host. */
struct host {
	struct nl route, nft;
	struct net_store store;
};

#define HOST_INIT ((struct host){.route = NL_INIT, .nft = NL_INIT, .store = NET_STORE_INIT})
#define auto_host __attribute__((cleanup(host_done)))

static void host_done(struct host *host)
{
	nl_close(&host->route);
	nl_close(&host->nft);
	net_store_close(&host->store);
}

static int host_init(struct host *host, int root_fd, bool make, struct err *e)
{
	int r = nl_open(NETLINK_ROUTE, &host->route, e);

	if (r < 0)
		return r;
	r = nl_open(NETLINK_NETFILTER, &host->nft, e);
	if (r == -EPROTONOSUPPORT)
		return err_wrap(e, "this kernel has no nf_tables: load its modules (nfnetlink, "
				   "nf_tables)");
	if (r == 0)
		r = net_store_open(root_fd, make, &host->store, e);
	return r == NET_E_MISSING ? 0 : r; /* nobody has a lease */
}

/* --- prepare --- */

/* Two state roots do not know of each other's addresses. */
static int check_root(struct host *host, const char *bridge, const char *root, struct err *e)
{
	char owner[NFT_COMMENT];
	int r = firewall_owner(&host->nft, bridge, owner, e);

	if (r == -EPERM)
		return err_wrap(e, "--network bridge needs the right to change the host's network "
				   "(CAP_NET_ADMIN)");
	if (r == 0 && owner[0] && strncmp(owner, root, sizeof(owner) - 1) != 0)
		r = err_user(e,
			     "the bridge %s is that of the containers in %s: choose another with "
			     "--bridge and --subnet",
			     bridge, owner);
	return r;
}

static int check_families(const struct net_options *o, const struct bridge *bridge, struct err *e)
{
	bool four = bridge->subnet.addr.family, six = bridge->subnet6.addr.family;
	char text[NET_PORT_TEXT];

	if (o->ip.family && !four)
		return err_user(e, "--ip: the network of %s has no IPv4", bridge->name);
	if (o->ip6.family && !six)
		return err_user(e, "--ip6: the network of %s has no IPv6", bridge->name);
	for (size_t i = 0; i < o->n_ports; i++) {
		int family = o->ports[i].host.family;

		if ((family == AF_INET && !four) || (family == AF_INET6 && !six))
			return err_user(e,
					"--publish: %s is not possible, as the network of %s has "
					"no %s",
					net_port_text(&o->ports[i], text), bridge->name,
					net_family_name(family));
	}
	return 0;
}

static int fill_record(const struct net_options *o, int root_fd, const char *owner,
		       const struct bridge *bridge, struct net_record *rec, struct err *e)
{
	int r;

	rec->owner = arena_strdup(&rec->arena, owner);
	if (!rec->owner)
		return err_num(e, ENOMEM, "keep the network's record");
	(void)snprintf(rec->bridge, sizeof(rec->bridge), "%s", bridge->name);
	(void)snprintf(rec->ifname, sizeof(rec->ifname), "%s", o->ifname ? o->ifname : "eth0");
	r = name_veth(root_fd, owner, rec->veth, e);
	rec->gw = bridge->gw;
	rec->gw6 = bridge->gw6;
	rec->mtu = bridge->mtu;
	rec->moving_mac = o->moving_mac;
	return r;
}

static int lease(struct host *host, const struct net_options *o, const struct bridge *bridge,
		 struct net_record *rec, struct err *e)
{
	int r = net_lease_take(&host->store, o, &bridge->subnet, &bridge->subnet6, rec, e);

	if (r < 0)
		return r;
	if (o->has_mac)
		memcpy(rec->mac, o->mac, sizeof(rec->mac));
	else
		name_mac(rec, rec->mac);
	return 0;
}

int net_prepare(int root_fd, const struct net_options *o, const char *owner, struct net_record *ret,
		struct err *e)
{
	auto_host struct host host = HOST_INIT;
	auto_net_record struct net_record rec = NET_RECORD_INIT;
	auto_free char *root = NULL;
	struct err ignored = ERR_INIT; /* what is still in the way is named when it is */
	struct bridge bridge;
	int r;

	/* a lease whose container is gone is given to others: not with its ports and its veth */
	(void)net_prune(root_fd, NULL, NULL, NULL, &ignored);
	r = host_init(&host, root_fd, true, e);
	if (r == 0)
		r = path_of_fd(root_fd, &root, e);
	if (r == 0)
		r = bridge_settle(&host.route, o, &bridge, e);
	if (r == 0)
		r = check_root(&host, bridge.name, root, e);
	if (r == 0)
		r = check_families(o, &bridge, e);
	if (r == 0)
		r = fill_record(o, root_fd, owner, &bridge, &rec, e);
	if (r == 0)
		r = lease(&host, o, &bridge, &rec, e);
	if (r < 0)
		return r;
	*ret = rec;
	rec = NET_RECORD_INIT;
	return 0;
}

/* --- attach --- */

static int make_pair(struct host *host, const struct net_record *rec, int bridge, int netns_fd,
		     struct err *e)
{
	auto_nl_batch struct nl_batch b = NL_BATCH_INIT;

	link_put_veth(&b, rec, bridge, netns_fd);
	link_put_port(&b, rec, sysctl_filters_bridges());
	return nl_run(&host->route, &b, NULL, NULL, e);
}

static void put_gateway(struct nl_batch *b, int index, const struct net_addr *gw,
			const uint8_t mac[6])
{
	if (gw->family == AF_UNSPEC)
		return;
	link_put_default_route(b, index, gw);
	/* known from the first packet on, and asked for again when that was long ago */
	link_put_neighbour(b, index, gw, mac, NUD_STALE);
}

static int configure(struct nl *inside, const struct net_record *rec, const uint8_t bridge_mac[6],
		     struct err *e)
{
	auto_nl_batch struct nl_batch b = NL_BATCH_INIT;
	struct net_cidr local = link_local(rec->mac);
	struct link link = {.index = 0};
	int r;

	link_put_up(&b, LOOPBACK);
	link_put_get(&b, rec->ifname);
	r = nl_run(inside, &b, link_take, &link, e);
	if (r < 0)
		return r;
	if (rec->ip6.addr.family)
		link_put_no_autoconf(&b, link.index);
	link_put_up(&b, link.index);
	if (rec->ip.addr.family)
		link_put_address(&b, link.index, &rec->ip);
	if (rec->ip6.addr.family) {
		link_put_address(&b, link.index, &local);
		link_put_address(&b, link.index, &rec->ip6);
	}
	put_gateway(&b, link.index, &rec->gw, bridge_mac);
	put_gateway(&b, link.index, &rec->gw6, bridge_mac);
	link_put_get(&b, rec->ifname);
	return nl_run(inside, &b, NULL, NULL, e);
}

/* From here on packets go both ways: what is pending of links coming up is done when they answer.
 */
static int meet(struct host *host, const struct net_record *rec, int bridge, struct err *e)
{
	auto_nl_batch struct nl_batch b = NL_BATCH_INIT;

	if (rec->ip.addr.family && !rec->moving_mac)
		link_put_neighbour(&b, bridge, &rec->ip.addr, rec->mac, NUD_PERMANENT);
	if (rec->ip6.addr.family && !rec->moving_mac)
		link_put_neighbour(&b, bridge, &rec->ip6.addr, rec->mac, NUD_PERMANENT);
	link_put_get(&b, rec->veth);
	link_put_get(&b, rec->bridge);
	return nl_run(&host->route, &b, NULL, NULL, e);
}

static int connect_ends(struct host *host, const struct net_record *rec, int bridge, int netns_fd,
			struct err *e)
{
	auto_nl struct nl inside = NL_INIT;
	struct link link;
	int r = make_pair(host, rec, bridge, netns_fd, e);

	if (r == 0)
		r = link_find(&host->route, rec->bridge, &link, e);
	if (r == 0)
		r = netns_open(netns_fd, rec->ifname, &inside, e);
	if (r == 0)
		r = configure(&inside, rec, link.mac, e);
	return r < 0 ? r : meet(host, rec, bridge, e);
}

int net_attach(int root_fd, const struct net_record *rec, int netns_fd, struct err *e)
{
	auto_host struct host host = HOST_INIT;
	auto_free char *root = NULL;
	bool own = true, ours;
	int bridge, r = netns_is_own(netns_fd, &own, e);

	if (r == 0 && own)
		r = err_user(e, "the network namespace is the host's own");
	if (r == 0)
		r = host_init(&host, root_fd, true, e);
	if (r == 0)
		r = path_of_fd(root_fd, &root, e);
	if (r == 0)
		r = bridge_make(&host.route, rec, &bridge, &ours, e);
	if (r == 0)
		r = firewall_join(&host.nft, rec, root, ours, e);
	if (r == 0)
		r = connect_ends(&host, rec, bridge, netns_fd, e);
	return r < 0 ? err_wrap(e, "attach to the network of %s", rec->bridge) : 0;
}

/* --- detach --- */

/* A veth of this name is ours; its other end goes with it. */
static int remove_pair(struct host *host, const struct net_record *rec, struct err *e)
{
	auto_nl_batch struct nl_batch b = NL_BATCH_INIT;
	struct link veth, bridge;
	int r = link_find(&host->route, rec->veth, &veth, e);

	if (r == 0)
		r = link_find(&host->route, rec->bridge, &bridge, e);
	if (r < 0)
		return r;
	if (veth.index && strcmp(veth.kind, "veth") == 0)
		link_put_delete(&b, veth.index);
	if (bridge.index && rec->ip.addr.family && !rec->moving_mac)
		link_put_forget_neighbour(&b, bridge.index, &rec->ip.addr);
	if (bridge.index && rec->ip6.addr.family && !rec->moving_mac)
		link_put_forget_neighbour(&b, bridge.index, &rec->ip6.addr);
	return nl_run(&host->route, &b, NULL, NULL, e);
}

static int is_on(void *arg, const struct net_lease *l)
{
	return strcmp(l->bridge, arg) == 0 ? 1 : 0;
}

/* What is left when nobody of this root has a lease there, and nobody of another one a port. */
static int leave_bridge(struct host *host, const struct net_record *rec, struct err *e)
{
	char name[NET_LINK_NAME];
	bool used = false;
	int r;

	(void)snprintf(name, sizeof(name), "%s", rec->bridge);
	r = host->store.fd < 0 ? 0 : net_lease_each(&host->store, is_on, name, e);
	if (r != 0)
		return r < 0 ? r : 0;
	r = bridge_remove(&host->route, rec->bridge, &used, e);
	return r < 0 || used ? r : firewall_leave(&host->nft, rec->bridge, e);
}

static int detach(struct host *host, const struct net_record *rec, struct err *e)
{
	int r = firewall_unpublish(&host->nft, rec, e);

	if (r == 0)
		r = remove_pair(host, rec, e);
	if (r == 0 && host->store.fd >= 0)
		r = net_lease_drop(&host->store, rec->owner, e);
	if (r == 0)
		r = leave_bridge(host, rec, e);
	return r < 0 ? err_wrap(e, "detach from the network of %s", rec->bridge) : 0;
}

int net_detach(int root_fd, const struct net_record *rec, struct err *e)
{
	auto_host struct host host = HOST_INIT;
	int r = host_init(&host, root_fd, false, e);

	if (r == -EPROTONOSUPPORT)
		return 0; /* without nf_tables nothing was made */
	if (r < 0)
		return err_wrap(e, "detach from the network of %s", rec->bridge);
	return detach(&host, rec, e);
}

int net_detach_leased(int root_fd, const char *owner, const char *bridge, struct net_record *ret,
		      struct err *e)
{
	auto_host struct host host = HOST_INIT;
	int r = host_init(&host, root_fd, false, e);

	if (r == -EPROTONOSUPPORT || (r == 0 && host.store.fd < 0))
		return NET_E_MISSING;
	if (r == 0)
		r = owner ? net_lease_find(&host.store, owner, ret, e)
			  : net_lease_stale(&host.store, bridge, ret, e);
	return r ? r : detach(&host, ret, e);
}
