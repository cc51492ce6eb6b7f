/* SPDX-License-Identifier: Apache-2.0 */
/* link_ask - what the kernel says about links and their addresses. rtnetlink(7) */
#include "net/link.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/name.h"
#include "net/options.h"

static void read_kind(const struct nlattr *info, struct link *ret)
{
	const struct nlattr *a[IFLA_INFO_KIND + 1];

	nl_parse_nested(info, a, IFLA_INFO_KIND + 1);
	(void)snprintf(ret->kind, sizeof(ret->kind), "%s", nl_str(a[IFLA_INFO_KIND]));
}

int link_take(void *arg, const struct nlmsghdr *message)
{
	const struct nlattr *a[IFLA_LINKINFO + 1];
	const struct ifinfomsg *header = nl_header(message);
	struct link *ret = arg;
	const void *mac;
	size_t len;

	if (message->nlmsg_type != RTM_NEWLINK ||
	    message->nlmsg_len < NLMSG_LENGTH(sizeof(*header)))
		return 0;
	nl_parse(message, sizeof(*header), a, IFLA_LINKINFO + 1);
	*ret = (struct link){.index = header->ifi_index,
			     .master = (int)nl_u32(a[IFLA_MASTER]),
			     .mtu = nl_u32(a[IFLA_MTU]),
			     .up = header->ifi_flags & IFF_UP,
			     .loopback = header->ifi_flags & IFF_LOOPBACK};
	(void)snprintf(ret->name, sizeof(ret->name), "%s", nl_str(a[IFLA_IFNAME]));
	mac = nl_data(a[IFLA_ADDRESS], &len);
	if (len == 6)
		memcpy(ret->mac, mac, 6);
	read_kind(a[IFLA_LINKINFO], ret);
	return 0;
}

int link_find(struct nl *nl, const char *name, struct link *ret, struct err *e)
{
	auto_nl_batch struct nl_batch b = NL_BATCH_INIT;

	*ret = (struct link){.index = 0};
	link_put_get(&b, name);
	nl_spare(&b, ENODEV);
	return nl_run(nl, &b, link_take, ret, e);
}

/* --- addresses --- */

void link_addrs_done(struct link_addrs *addrs)
{
	free(addrs->v);
	*addrs = (struct link_addrs){.n = 0};
}

static int add(struct link_addrs *to, struct link_addr *found, const struct nlattr *addr)
{
	size_t len;
	const void *bytes = nl_data(addr, &len);
	struct link_addr *v;

	if (len != (found->cidr.addr.family == AF_INET ? 4 : 16))
		return 0;
	memcpy(found->cidr.addr.bytes, bytes, len);
	v = reallocarray(to->v, to->n + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	to->v = v;
	to->v[to->n++] = *found;
	return 0;
}

static int take_address(void *arg, const struct nlmsghdr *message)
{
	const struct nlattr *a[IFA_LOCAL + 1];
	const struct ifaddrmsg *header = nl_header(message);
	struct link_addr found = {.index = 0};

	if (message->nlmsg_type != RTM_NEWADDR ||
	    message->nlmsg_len < NLMSG_LENGTH(sizeof(*header)) ||
	    header->ifa_scope == RT_SCOPE_LINK)
		return 0;
	nl_parse(message, sizeof(*header), a, IFA_LOCAL + 1);
	found.index = (int)header->ifa_index;
	found.cidr.addr.family = header->ifa_family;
	found.cidr.prefix = header->ifa_prefixlen;
	return add(arg, &found, a[IFA_LOCAL] ? a[IFA_LOCAL] : a[IFA_ADDRESS]);
}

static int list(struct nl *nl, struct nl_batch *b, nl_reply_fn *take, struct link_addrs *ret,
		struct err *e)
{
	const char *what = b->n ? b->request[0].what : "";
	int r = nl_run(nl, b, take, ret, e);

	return r == -ENOMEM && e->depth == 0 ? err_num(e, ENOMEM, "%s", what) : r;
}

int link_addresses(struct nl *nl, int index, struct link_addrs *ret, struct err *e)
{
	auto_nl_batch struct nl_batch b = NL_BATCH_INIT;
	struct ifaddrmsg *header = NULL;
	size_t kept = 0;
	int r;

	if (nl_add(&b, RTM_GETADDR, NLM_F_DUMP, "list the addresses", sizeof(*header), &header))
		header->ifa_index = (unsigned)index;
	r = list(nl, &b, take_address, ret, e);
	for (size_t i = 0; i < ret->n; i++) /* older kernels send those of all links */
		if (index == 0 || ret->v[i].index == index)
			ret->v[kept++] = ret->v[i];
	ret->n = kept;
	return r;
}

/* --- routes --- */

/* Prefixes up to these are everything: 0.0.0.0/1 and 128.0.0.0/1, and all that is given out. */
#define EVERYTHING4 1
#define EVERYTHING6 3

static int take_route(void *arg, const struct nlmsghdr *message)
{
	const struct nlattr *a[RTA_OIF + 1];
	const struct rtmsg *header = nl_header(message);
	struct link_addr found = {.route = true};

	if (message->nlmsg_type != RTM_NEWROUTE ||
	    message->nlmsg_len < NLMSG_LENGTH(sizeof(*header)) || header->rtm_type != RTN_UNICAST ||
	    (header->rtm_flags & RTM_F_CLONED) ||
	    header->rtm_dst_len <= (header->rtm_family == AF_INET ? EVERYTHING4 : EVERYTHING6))
		return 0;
	nl_parse(message, sizeof(*header), a, RTA_OIF + 1);
	found.index = (int)nl_u32(a[RTA_OIF]);
	found.cidr.addr.family = header->rtm_family;
	found.cidr.prefix = header->rtm_dst_len;
	return add(arg, &found, a[RTA_DST]);
}

int link_routes(struct nl *nl, int family, struct link_addrs *ret, struct err *e)
{
	auto_nl_batch struct nl_batch b = NL_BATCH_INIT;
	struct rtmsg *header = NULL;

	if (nl_add(&b, RTM_GETROUTE, NLM_F_DUMP, "list the routes", sizeof(*header), &header))
		header->rtm_family = (unsigned char)family;
	return list(nl, &b, take_route, ret, e);
}

/* --- counting --- */

struct count {
	int master;
	size_t n;
};

static int count_ours(void *arg, const struct nlmsghdr *message)
{
	struct count *count = arg;
	struct link link = {.index = 0};

	(void)link_take(&link, message); /* it never fails */
	if (link.master == count->master && strcmp(link.kind, "veth") == 0 &&
	    name_is_veth(link.name))
		count->n++;
	return 0;
}

int link_count_ours(struct nl *nl, int index, size_t *ret, struct err *e)
{
	auto_nl_batch struct nl_batch b = NL_BATCH_INIT;
	struct count count = {.master = index};
	struct ifinfomsg *header = NULL;
	int r;

	(void)nl_add(&b, RTM_GETLINK, NLM_F_DUMP, "list the bridge's ports", sizeof(*header),
		     &header);
	nl_put_u32(&b, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	nl_put_u32(&b, IFLA_MASTER, (uint32_t)index);
	r = nl_run(nl, &b, count_ours, &count, e);
	if (r == 0)
		*ret = count.n;
	return r;
}

/* --- the way out --- */

static int take_oif(void *arg, const struct nlmsghdr *message)
{
	const struct nlattr *a[RTA_OIF + 1];

	if (message->nlmsg_type != RTM_NEWROUTE)
		return 0;
	nl_parse(message, sizeof(struct rtmsg), a, RTA_OIF + 1);
	*(int *)arg = (int)nl_u32(a[RTA_OIF]);
	return 0;
}

int link_uplink_mtu(struct nl *nl, unsigned *ret, struct err *e)
{
	static const uint8_t somewhere[4] = {192, 0, 2, 1}; /* RFC 5737: nobody's */
	auto_nl_batch struct nl_batch b = NL_BATCH_INIT;
	struct link link = {.index = 0};
	struct err no_route = ERR_INIT;
	struct ifinfomsg *get = NULL;
	struct rtmsg *header = NULL;
	int oif = 0, r;

	*ret = 0;
	if (nl_add(&b, RTM_GETROUTE, 0, "find the default route", sizeof(*header), &header)) {
		header->rtm_family = AF_INET;
		header->rtm_dst_len = 32;
	}
	nl_put(&b, RTA_DST, somewhere, sizeof(somewhere));
	if (nl_run(nl, &b, take_oif, &oif, &no_route) < 0 || oif == 0)
		return 0; /* a host without a way out */
	if (nl_add(&b, RTM_GETLINK, 0, "look at the uplink", sizeof(*get), &get))
		get->ifi_index = oif;
	r = nl_run(nl, &b, link_take, &link, e);
	*ret = link.loopback ? 0 : link.mtu; /* that address is the host's own */
	return r;
}
