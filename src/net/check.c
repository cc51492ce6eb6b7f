/* SPDX-License-Identifier: Apache-2.0 */
/* check - whether a network is as it was made, and whether one could be made: asked of the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "net/firewall.h"
#include "net/link.h"
#include "net/options.h"
#include "tinyrun/fd.h"

bool net_link_mac(const char *name, uint8_t ret[6])
{
	auto_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {.ifr_flags = 0};

	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request) < 0)
		return false;
	memcpy(ret, request.ifr_hwaddr.sa_data, 6);
	return true;
}

/* --- as it was made --- */

static int want_link(struct nl *nl, const char *name, const char *where, struct link *ret,
		     struct err *e)
{
	int r = link_find(nl, name, ret, e);

	if (r < 0)
		return r;
	if (!ret->index)
		return err_num(e, ENODEV, "%s has no link %s", where, name);
	return ret->up ? 0 : err_num(e, ENETDOWN, "%s of %s is down", name, where);
}

static int check_host(const struct net_record *rec, struct err *e)
{
	auto_nl struct nl nl = NL_INIT;
	struct link bridge = {.index = 0}, veth = {.index = 0};
	int r = nl_open(NETLINK_ROUTE, &nl, e);

	if (r == 0)
		r = want_link(&nl, rec->bridge, "the host", &bridge, e);
	if (r == 0)
		r = want_link(&nl, rec->veth, "the host", &veth, e);
	if (r == 0 && veth.master != bridge.index)
		r = err_num(e, ENODEV, "%s is no port of %s", rec->veth, rec->bridge);
	return r;
}

static bool has_address(const struct link_addrs *addrs, const struct net_cidr *want)
{
	for (size_t i = 0; i < addrs->n; i++)
		if (net_addr_equal(&addrs->v[i].cidr.addr, &want->addr) &&
		    addrs->v[i].cidr.prefix == want->prefix)
			return true;
	return want->addr.family == AF_UNSPEC;
}

static int check_addresses(struct nl *nl, const struct net_record *rec, int index, struct err *e)
{
	auto_link_addrs struct link_addrs addrs = {.n = 0};
	char text[NET_CIDR_TEXT];
	int r = link_addresses(nl, index, &addrs, e);

	if (r < 0)
		return r;
	if (!has_address(&addrs, &rec->ip))
		return err_num(e, EADDRNOTAVAIL, "%s of the container has not %s", rec->ifname,
			       net_cidr_text(&rec->ip, text));
	if (!has_address(&addrs, &rec->ip6))
		return err_num(e, EADDRNOTAVAIL, "%s of the container has not %s", rec->ifname,
			       net_cidr_text(&rec->ip6, text));
	return 0;
}

/* A socket stays in the namespace that it was opened in. */
static int open_inside(int netns_fd, struct nl *ret, struct err *e)
{
	auto_fd int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int r;

	if (here < 0)
		return err_sys(e, "open this network namespace");
	if (setns(netns_fd, CLONE_NEWNET) < 0)
		return err_sys(e, "enter the container's network namespace");
	r = nl_open(NETLINK_ROUTE, ret, e);
	if (setns(here, CLONE_NEWNET) < 0)
		return err_sys(e, "return from the container's network namespace");
	return r;
}

static int check_inside(const struct net_record *rec, int netns_fd, struct err *e)
{
	auto_nl struct nl nl = NL_INIT;
	struct link link = {.index = 0};
	int r = open_inside(netns_fd, &nl, e);

	if (r == 0)
		r = want_link(&nl, rec->ifname, "the container", &link, e);
	return r == 0 ? check_addresses(&nl, rec, link.index, e) : r;
}

static int check_ports(struct nl *nft, const struct net_record *rec, struct err *e)
{
	auto_ports struct ports ports = {.n = {0}};
	int r = ports_of(rec, &ports, e);

	for (size_t set = 0; r == 0 && set < PORTS_SETS; set++) {
		for (size_t i = 0; r == 0 && i < ports.n[set]; i++) {
			struct nft_found found;

			r = nft_find_element(nft, &ports_sets[set], ports.v[set][i].key, &found, e);
			if (r == 0 && !found.found)
				r = err_num(e, ENOENT, "a port of %s is not published any more",
					    rec->owner);
		}
	}
	return r;
}

static int check_firewall(const struct net_record *rec, struct err *e)
{
	auto_nl struct nl nft = NL_INIT;
	char root[NFT_COMMENT];
	int r = nl_open(NETLINK_NETFILTER, &nft, e);

	if (r == 0)
		r = firewall_owner(&nft, rec->bridge, root, e);
	if (r == 0 && !*root)
		r = err_num(e, ENOENT, "the table tinyrun has nothing about %s", rec->bridge);
	return r == 0 ? check_ports(&nft, rec, e) : r;
}

static int find_owner(void *arg, const struct net_lease *lease)
{
	const struct net_record *rec = arg;

	return strcmp(lease->owner, rec->owner) == 0 &&
	       net_addr_equal(&lease->ip.addr, &rec->ip.addr) &&
	       net_addr_equal(&lease->ip6.addr, &rec->ip6.addr);
}

static int check_lease(int root_fd, const struct net_record *rec, struct err *e)
{
	auto_net_store struct net_store store = NET_STORE_INIT;
	int r = net_store_open(root_fd, false, &store, e);

	if (r == 0)
		r = net_lease_each(&store, find_owner, (void *)(uintptr_t)rec, e);
	if (r < 0)
		return r;
	return store.fd >= 0 && r == 1 ? 0
				       : err_num(e, ENOENT, "%s has no lease any more", rec->owner);
}

int net_check(int root_fd, const struct net_record *rec, int netns_fd, struct err *e)
{
	int r = check_lease(root_fd, rec, e);

	if (r == 0)
		r = check_host(rec, e);
	if (r == 0)
		r = check_inside(rec, netns_fd, e);
	return r == 0 ? check_firewall(rec, e) : r;
}

/* --- whether one can be made --- */

int net_ready(int root_fd, const struct net_options *o, struct err *e)
{
	const char *bridge = *o->bridge ? o->bridge : NET_BRIDGE_NAME;
	auto_net_store struct net_store store = NET_STORE_INIT;
	auto_nl struct nl nl = NL_INIT, nft = NL_INIT;
	char root[NFT_COMMENT];
	struct link link = {.index = 0};
	int r = net_store_open(root_fd, true, &store, e);

	if (r == 0)
		r = nl_open(NETLINK_ROUTE, &nl, e);
	if (r == 0)
		r = link_find(&nl, bridge, &link, e);
	if (r == 0 && link.index && strcmp(link.kind, "bridge") != 0)
		return err_user(e, "the host has a link %s that is not a bridge", bridge);
	if (r == 0)
		r = nl_open(NETLINK_NETFILTER, &nft, e);
	return r == 0 ? firewall_owner(&nft, bridge, root, e) : r;
}
