/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device - an interface of the host's that goes to a container. config-linux.md, "netDevices"
 *
 * The kernel takes a link's addresses away when it changes its namespace, so those that were given
 * to it for good are noted before and given again there. It also takes it down; there it is brought
 * up. Where the creation fails, then or later, it is put back as it was. At the container's end the
 * kernel brings a physical one home by itself, and a virtual one ends with the namespace.
 */
#include "tinyrun/net.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/link.h"
#include "net/netns.h"
#include "net/nl.h"
#include "tinyrun/fd.h"
#include "tinyrun/proc.h"

#define NAMES_MAX 1000 /* that "%d" is tried with */

struct address {
	struct ifaddrmsg header;
	uint8_t local[16], peer[16], broadcast[4];
	size_t local_len, peer_len, broadcast_len;
	uint32_t flags, priority;
	char label[NET_LINK_NAME];
};

struct addresses {
	unsigned index; /* of the link whose they are */
	struct address *v;
	size_t n;
};

static size_t take_bytes(const struct nlattr *a, uint8_t *to, size_t max)
{
	size_t len = 0;
	const void *bytes = a ? nl_data(a, &len) : NULL;

	if (!bytes || len > max)
		return 0;
	memcpy(to, bytes, len);
	return len;
}

/* Permanent ones that are good everywhere; others the kernel makes itself, or somebody renews. */
static int take_address(void *arg, const struct nlmsghdr *message)
{
	const struct nlattr *a[IFA_RT_PRIORITY + 1];
	const struct ifaddrmsg *header = nl_header(message);
	struct addresses *all = arg;
	struct address *v, *one;
	uint32_t flags;

	if (message->nlmsg_type != RTM_NEWADDR ||
	    message->nlmsg_len < NLMSG_LENGTH(sizeof(*header)) || header->ifa_index != all->index)
		return 0;
	nl_parse(message, sizeof(*header), a, IFA_RT_PRIORITY + 1);
	flags = a[IFA_FLAGS] ? nl_u32(a[IFA_FLAGS]) : header->ifa_flags;
	if ((flags & IFA_F_PERMANENT) == 0 || header->ifa_scope != RT_SCOPE_UNIVERSE)
		return 0;
	v = reallocarray(all->v, all->n + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	all->v = v;
	one = &v[all->n++];
	*one = (struct address){.header = *header, .priority = nl_u32(a[IFA_RT_PRIORITY])};
	one->flags = flags & (IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR |
			      IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN);
	one->local_len = take_bytes(a[IFA_LOCAL], one->local, sizeof(one->local));
	one->peer_len = take_bytes(a[IFA_ADDRESS], one->peer, sizeof(one->peer));
	one->broadcast_len = take_bytes(a[IFA_BROADCAST], one->broadcast, sizeof(one->broadcast));
	(void)snprintf(one->label, sizeof(one->label), "%s", nl_str(a[IFA_LABEL]));
	return 0;
}

static int read_addresses(struct nl *nl, struct addresses *all, struct err *e)
{
	auto_nl_batch struct nl_batch b = NL_BATCH_INIT;
	struct ifaddrmsg *header = NULL;
	int r;

	if (nl_add(&b, RTM_GETADDR, NLM_F_DUMP, "list the addresses", sizeof(*header), &header))
		header->ifa_index = all->index;
	r = nl_run(nl, &b, take_address, all, e);
	return r == -ENOMEM && e->depth == 0 ? err_num(e, ENOMEM, "list the addresses") : r;
}

/* A label begins with the link's name: that of a renamed one does not fit any more. */
static bool label_fits(const struct address *one, const char *name)
{
	size_t len = strlen(name);

	return strncmp(one->label, name, len) == 0 &&
	       (one->label[len] == '\0' || one->label[len] == ':');
}

static void put_address(struct nl_batch *b, const struct address *one, int index, const char *name)
{
	struct ifaddrmsg *header = NULL;

	if (!nl_add(b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, "give the address again",
		    sizeof(*header), &header))
		return;
	*header = one->header;
	header->ifa_index = (unsigned)index;
	header->ifa_flags = 0;
	if (one->local_len)
		nl_put(b, IFA_LOCAL, one->local, one->local_len);
	if (one->peer_len)
		nl_put(b, IFA_ADDRESS, one->peer, one->peer_len);
	if (one->broadcast_len)
		nl_put(b, IFA_BROADCAST, one->broadcast, one->broadcast_len);
	if (label_fits(one, name))
		nl_put_str(b, IFA_LABEL, one->label);
	if (one->flags)
		nl_put_u32(b, IFA_FLAGS, one->flags);
	if (one->priority)
		nl_put_u32(b, IFA_RT_PRIORITY, one->priority);
}

static int send_to(struct nl *nl, int index, const char *name, int netns_fd, struct err *e)
{
	auto_nl_batch struct nl_batch b = NL_BATCH_INIT;
	struct ifinfomsg *header = NULL;

	if (nl_add(&b, RTM_NEWLINK, 0, "move the interface", sizeof(*header), &header)) {
		header->ifi_index = index;
		header->ifi_change = IFF_UP; /* down, so that it can be renamed on the way */
	}
	nl_put_u32(&b, IFLA_NET_NS_FD, (uint32_t)netns_fd);
	nl_put_str(&b, IFLA_IFNAME, name);
	return nl_run(nl, &b, NULL, NULL, e);
}

/* Its addresses, and up. */
static int furnish(struct nl *nl, int index, const char *name, bool up, const struct addresses *all,
		   struct err *e)
{
	auto_nl_batch struct nl_batch b = NL_BATCH_INIT;
	int r = 0;

	if (up)
		link_put_up(&b, index);
	for (size_t i = 0; i < all->n && r == 0; i++) {
		put_address(&b, &all->v[i], index, name);
		if (b.n == NL_REQUESTS)
			r = nl_run(nl, &b, NULL, NULL, e);
	}
	return r == 0 && b.n ? nl_run(nl, &b, NULL, NULL, e) : r;
}

/* The first name that is free there, when @name is a template; else @name, if it is free. */
static int free_name(struct nl *there, const char *name, char ret[NET_LINK_NAME], struct err *e)
{
	const char *number = strstr(name, "%d");
	struct link link;

	for (int i = 0; i < NAMES_MAX; i++) {
		int r, n = number ? snprintf(ret, NET_LINK_NAME, "%.*s%d%s", (int)(number - name),
					     name, i, number + 2)
				  : snprintf(ret, NET_LINK_NAME, "%s", name);

		if (n >= NET_LINK_NAME)
			break;
		r = link_find(there, ret, &link, e);
		if (r < 0 || link.index == 0)
			return r;
		if (!number)
			return err_user(e,
					"the container's network has an interface %s already: give "
					"it another name",
					ret);
	}
	return err_user(e, "there is no free name like %s in the container's network", name);
}

/* Both ends, and what goes. The socket there keeps that namespace, whoever lives in it ends. */
struct net_moved {
	struct nl here, there;
	struct link link;
	struct addresses addresses;
	char name[NET_LINK_NAME]; /* there */
	struct net_moved *before;
};

static void put_back(struct net_moved *m)
{
	struct err ignored = ERR_INIT; /* the first error is the one to tell */
	auto_fd int own_fd = -1;
	struct link link;
	int proc = proc_fd(&ignored);

	if (proc >= 0)
		own_fd = openat(proc, "self/ns/net", O_RDONLY | O_CLOEXEC);
	if (own_fd < 0 || link_find(&m->there, m->name, &link, &ignored) < 0 || link.index == 0 ||
	    send_to(&m->there, link.index, m->link.name, own_fd, &ignored) < 0)
		return;
	if (link_find(&m->here, m->link.name, &link, &ignored) == 0 && link.index)
		(void)furnish(&m->here, link.index, m->link.name, m->link.up, &m->addresses,
			      &ignored);
}

static int look(struct net_moved *m, const char *name, const char *new_name, int netns_fd,
		struct err *e)
{
	bool own = false;
	int r = netns_is_own(netns_fd, &own, e);

	if (r == 0 && own)
		r = err_user(e, "the container's network namespace is the host's");
	if (r == 0)
		r = nl_open(NETLINK_ROUTE, &m->here, e);
	if (r == 0)
		r = link_find(&m->here, name, &m->link, e);
	if (r == 0 && m->link.index == 0)
		r = err_user(e, "the host has no interface %s", name);
	if (r == 0) {
		m->addresses.index = (unsigned)m->link.index;
		r = read_addresses(&m->here, &m->addresses, e);
	}
	if (r == 0) /* the loopback interface hears no routers, so nothing is changed for it */
		r = netns_open(netns_fd, "lo", &m->there, e);
	return r < 0 ? r : free_name(&m->there, new_name, m->name, e);
}

static int go(struct net_moved *m, int netns_fd, struct err *e)
{
	struct link link = {.index = 0};
	int r = send_to(&m->here, m->link.index, m->name, netns_fd, e);

	if (r < 0)
		return r;
	r = link_find(&m->there, m->name, &link, e);
	if (r == 0 && link.index == 0)
		r = err_num(e, ENODEV, "find the interface again");
	if (r == 0)
		r = furnish(&m->there, link.index, m->name, true, &m->addresses, e);
	if (r < 0)
		put_back(m);
	return r;
}

static void moved_free(struct net_moved *m)
{
	nl_close(&m->here);
	nl_close(&m->there);
	free(m->addresses.v);
	free(m);
}

int net_move_device(const char *name, const char *new_name, int netns_fd, struct net_moved **moved,
		    struct err *e)
{
	struct net_moved *m = malloc(sizeof(*m));
	int r;

	if (!m)
		return err_num(e, ENOMEM, "move the interface");
	*m = (struct net_moved){.here = NL_INIT, .there = NL_INIT, .before = *moved};
	r = look(m, name, new_name, netns_fd, e);
	if (r == 0)
		r = go(m, netns_fd, e);
	if (r == 0)
		*moved = m;
	else
		moved_free(m);
	return r;
}

void net_moved_put_back(struct net_moved **moved)
{
	for (struct net_moved *m = *moved; m; m = m->before)
		put_back(m);
	net_moved_free(moved);
}

void net_moved_free(struct net_moved **moved)
{
	while (*moved) {
		struct net_moved *m = *moved;

		*moved = m->before;
		moved_free(m);
	}
}
