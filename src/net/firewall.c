/* SPDX-License-Identifier: Apache-2.0 */
/*
 * firewall - the table `tinyrun`.
 *
 * Its chains are the same however many containers there are: what differs is in maps that they look
 * into. A bridge has two chains of its own (to it, and NAT on the way to it) and an element in
 * three sets; a published port is an element in one of four maps (ports.c).
 *
 * What it does: containers get out behind the host's address; published ports lead in, from
 * outside, from the host itself and from containers, their own included; nothing else gets to a
 * bridge that it did not ask for, other bridges included; and nobody on a bridge gets at 127.0.0.1
 * of the host, although the kernel has to route that for published ports.
 *
 * The table is shared by all state roots, and each has a lock of its own: what was looked at holds
 * for as long as no rule has changed (nft_generation()), and else is looked at again.
 *
 * What it cannot do: nf_tables asks every table, and one that drops has the last word, so that a
 * packet that another table's policy drops stays dropped. That is for its owner to decide:
 * warn_of_drops() names it.
 */
#include "net/firewall.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "net/options.h"
#include "tinyrun/log.h"

#define TYPE_IFNAME 41 /* nft(8)'s numbers */
#define TYPE_MARK   19
#define IFNAME_LEN  16
#define TRIES       64 /* while others change rules */

const struct nft_set firewall_bridges = {"bridges", TYPE_IFNAME, IFNAME_LEN, .host_order = true};
const struct nft_set firewall_settings = {"settings", TYPE_MARK, 4, .host_order = true};
/* by the link that a packet leaves by */
static const struct nft_set to_bridge = {"to_bridge",      TYPE_IFNAME, IFNAME_LEN,
					 NFT_DATA_VERDICT, 0,           true};
static const struct nft_set nat_bridge = {"nat_bridge",     TYPE_IFNAME, IFNAME_LEN,
					  NFT_DATA_VERDICT, 0,           true};

/* --- words for rules --- */

#define END                      \
	{                        \
		.op = NFT_OP_END \
	}
#define META(k)                               \
	{                                     \
		.op = NFT_OP_META, .key = (k) \
	}
#define IIFNAME META(NFT_META_IIFNAME)
#define OIFNAME META(NFT_META_OIFNAME)
#define BYTE(...)                                                     \
	{                                                             \
		.op = NFT_OP_EQUAL, .len = 1, .data = { __VA_ARGS__ } \
	}
#define IPV4 META(NFT_META_NFPROTO), BYTE(NFPROTO_IPV4)
#define IPV6 META(NFT_META_NFPROTO), BYTE(NFPROTO_IPV6)
#define IN(set)                                \
	{                                      \
		.op = NFT_OP_IN, .name = (set) \
	}
#define NETWORK(at, n, r)                                                 \
	{                                                                 \
		.op = NFT_OP_NETWORK, .key = (at), .len = (n), .reg = (r) \
	}
#define SADDR4 NETWORK(12, 4, 0)
#define DADDR4 NETWORK(16, 4, 0)
#define SADDR6 NETWORK(8, 16, 0)
#define DADDR6 NETWORK(24, 16, 0)
#define PROTOCOL(r)                                                    \
	{                                                              \
		.op = NFT_OP_META, .key = NFT_META_L4PROTO, .reg = (r) \
	}
#define DPORT(r)                                                       \
	{                                                              \
		.op = NFT_OP_TRANSPORT, .key = 2, .len = 2, .reg = (r) \
	}
#define MAP(set)                                \
	{                                       \
		.op = NFT_OP_MAP, .name = (set) \
	}
#define VMAP(set)                                \
	{                                        \
		.op = NFT_OP_VMAP, .name = (set) \
	}
#define MASK(n, ...)                                                   \
	{                                                              \
		.op = NFT_OP_MASK, .len = (n), .data = { __VA_ARGS__ } \
	}
#define EQUAL(n, ...)                                                   \
	{                                                               \
		.op = NFT_OP_EQUAL, .len = (n), .data = { __VA_ARGS__ } \
	}
#define LOOPBACK4 MASK(4, 255), EQUAL(4, 127)
#define LOOPBACK6 EQUAL(16, [15] = 1)
#define LOCAL                                        \
	{.op = NFT_OP_FIB_TYPE},                     \
	{                                            \
		.op = NFT_OP_EQUAL, .key = RTN_LOCAL \
	}
#define DNAT(family, port_reg)                                        \
	{                                                             \
		.op = NFT_OP_DNAT, .key = (family), .len = (port_reg) \
	}
#define MASQUERADE                \
	{                         \
		.op = NFT_OP_MASQ \
	}
#define VERDICT(v, chain)                                                   \
	{                                                                   \
		.op = NFT_OP_VERDICT, .key = (unsigned)(v), .name = (chain) \
	}
#define ACCEPT VERDICT(NF_ACCEPT, NULL)
#define DROP   VERDICT(NF_DROP, NULL)
/* Of a word that the kernel has, at least one of the bits. */
#define ANY_OF(k, bits)                                                    \
	{.op = NFT_OP_CT, .key = (k)}, {.op = NFT_OP_MASK, .key = (bits)}, \
	{                                                                  \
		.op = NFT_OP_UNEQUAL, .key = 0                             \
	}
#define KNOWN \
	ANY_OF(NFT_CT_STATE, NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED))
#define PUBLISHED ANY_OF(NFT_CT_STATUS, IPS_DST_NAT)

#define RULE_EXPRS 12

static const struct nft_chain chains[] = {
	{"guard", "filter", NF_INET_PRE_ROUTING, -300},
	{"prerouting", "nat", NF_INET_PRE_ROUTING, -100},
	{"output", "nat", NF_INET_LOCAL_OUT, -100},
	{"forward", "filter", NF_INET_FORWARD, 0},
	{"postrouting", "nat", NF_INET_POST_ROUTING, 100},
	{"publish", NULL, 0, 0},
};

static const struct {
	const char *chain;
	struct nft_expr exprs[RULE_EXPRS];
} rules[] = {
	{"guard", {IIFNAME, IN("bridges"), IPV4, DADDR4, LOOPBACK4, DROP, END}},
	{"guard", {IIFNAME, IN("bridges"), IPV4, SADDR4, LOOPBACK4, DROP, END}},
	{"prerouting", {LOCAL, VERDICT(NFT_JUMP, "publish"), END}},
	{"output", {LOCAL, VERDICT(NFT_JUMP, "publish"), END}},
	{"publish",
	 {IPV4, DADDR4, PROTOCOL(1), DPORT(2), MAP("ports4_at"), DNAT(NFPROTO_IPV4, 1), END}},
	{"publish", {IPV4, PROTOCOL(0), DPORT(1), MAP("ports4"), DNAT(NFPROTO_IPV4, 1), END}},
	{"publish",
	 {IPV6, DADDR6, PROTOCOL(4), DPORT(5), MAP("ports6_at"), DNAT(NFPROTO_IPV6, 4), END}},
	{"publish", {IPV6, PROTOCOL(0), DPORT(1), MAP("ports6"), DNAT(NFPROTO_IPV6, 4), END}},
	{"forward", {OIFNAME, VMAP("to_bridge"), END}},
	{"postrouting", {OIFNAME, VMAP("nat_bridge"), END}},
	{"postrouting", {IIFNAME, IN("bridges"), IPV4, MASQUERADE, END}},
	/* unique local ones alone: another prefix was given to be reached */
	{"postrouting",
	 {IIFNAME, IN("bridges"), IPV6, SADDR6, MASK(16, 0xfe), EQUAL(16, 0xfc), MASQUERADE, END}},
};

static void put_table(struct nl_batch *b)
{
	const struct nft_set *const sets[] = {&firewall_bridges, &firewall_settings, &to_bridge,
					      &nat_bridge, NULL};

	nft_put_table(b);
	for (size_t i = 0; sets[i]; i++)
		nft_put_set(b, sets[i]);
	for (size_t i = 0; i < PORTS_SETS; i++)
		nft_put_set(b, &ports_sets[i]);
	for (size_t i = 0; i < sizeof(chains) / sizeof(*chains); i++)
		nft_put_chain(b, &chains[i]);
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		nft_put_rule(b, rules[i].chain, rules[i].exprs);
}

/* --- a bridge --- */

#define CHAIN_NAME (NET_LINK_NAME + 8)

struct bridge_chains {
	char to[CHAIN_NAME], nat[CHAIN_NAME];
};

static struct bridge_chains chains_of(const char *bridge)
{
	struct bridge_chains c;

	(void)snprintf(c.to, sizeof(c.to), "to-%s", bridge);
	(void)snprintf(c.nat, sizeof(c.nat), "nat-%s", bridge);
	return c;
}

void firewall_bridge_key(const char *bridge, struct nft_element *ret)
{
	*ret = (struct nft_element){.comment = NULL};
	(void)snprintf((char *)ret->key, IFNAME_LEN, "%s", bridge);
}

static void put_to_rules(struct nl_batch *b, const char *chain, const char *bridge)
{
	struct nft_expr same[] = {IIFNAME, {.op = NFT_OP_EQUAL, .len = IFNAME_LEN}, ACCEPT, END};
	static const struct nft_expr known[] = {KNOWN, ACCEPT, END};
	static const struct nft_expr published[] = {PUBLISHED, ACCEPT, END};
	static const struct nft_expr others[] = {DROP, END};

	(void)snprintf((char *)same[1].data, IFNAME_LEN, "%s", bridge);
	nft_put_rule(b, chain, known);
	nft_put_rule(b, chain, published);
	nft_put_rule(b, chain, same);
	nft_put_rule(b, chain, others);
}

/* From the subnet to the subnet by way of the host: the answer has to come back the same way. */
static void put_hairpin(struct nl_batch *b, const char *chain, const struct net_cidr *cidr)
{
	struct nft_expr four[] = {IPV4,
				  SADDR4,
				  {.op = NFT_OP_MASK, .len = 4},
				  {.op = NFT_OP_EQUAL, .len = 4},
				  PUBLISHED,
				  MASQUERADE,
				  END};
	struct nft_expr six[] = {IPV6,
				 SADDR6,
				 {.op = NFT_OP_MASK, .len = 16},
				 {.op = NFT_OP_EQUAL, .len = 16},
				 PUBLISHED,
				 MASQUERADE,
				 END};
	struct nft_expr *rule = cidr->addr.family == AF_INET ? four : six;
	struct net_cidr subnet = *cidr;

	net_cidr_mask(&subnet);
	for (unsigned bit = 0; bit < cidr->prefix; bit++)
		rule[3].data[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	memcpy(rule[4].data, subnet.addr.bytes, 16);
	nft_put_rule(b, chain, rule);
}

static void put_nat_rules(struct nl_batch *b, const char *chain, const struct net_record *rec)
{
	static const struct nft_expr loopback4[] = {IPV4, SADDR4, LOOPBACK4, MASQUERADE, END};
	static const struct nft_expr loopback6[] = {IPV6, SADDR6, LOOPBACK6, MASQUERADE, END};
	static const struct nft_expr others[] = {ACCEPT, END};

	if (rec->ip.addr.family)
		put_hairpin(b, chain, &rec->ip);
	if (rec->ip6.addr.family)
		put_hairpin(b, chain, &rec->ip6);
	nft_put_rule(b, chain, loopback4);
	nft_put_rule(b, chain, loopback6);
	nft_put_rule(b, chain, others);
}

static void put_bridge(struct nl_batch *b, const struct net_record *rec, const char *root)
{
	struct bridge_chains c = chains_of(rec->bridge);
	struct nft_element el;

	nft_put_chain(b, &(struct nft_chain){.name = c.to});
	nft_put_chain(b, &(struct nft_chain){.name = c.nat});
	put_to_rules(b, c.to, rec->bridge);
	put_nat_rules(b, c.nat, rec);
	firewall_bridge_key(rec->bridge, &el);
	el.go_to = c.to;
	nft_put_elements(b, &to_bridge, &el, 1);
	el.go_to = c.nat;
	nft_put_elements(b, &nat_bridge, &el, 1);
	el.go_to = NULL;
	el.comment = root;
	nft_put_elements(b, &firewall_bridges, &el, 1);
}

static void put_delete_bridge(struct nl_batch *b, const char *bridge)
{
	struct bridge_chains c = chains_of(bridge);
	struct nft_element el;

	firewall_bridge_key(bridge, &el);
	nft_put_delete_elements(b, &to_bridge, &el, 1);
	nft_put_delete_elements(b, &nat_bridge, &el, 1);
	nft_put_delete_elements(b, &firewall_bridges, &el, 1);
	nft_put_delete_chain(b, c.to);
	nft_put_delete_chain(b, c.nat);
}

/* --- joining --- */

static int find_bridge(struct nl *nft, const char *bridge, struct nft_found *ret, struct err *e)
{
	struct nft_element el;

	firewall_bridge_key(bridge, &el);
	return nft_find_element(nft, &firewall_bridges, el.key, ret, e);
}

int firewall_owner(struct nl *nft, const char *bridge, char ret_root[NFT_COMMENT], struct err *e)
{
	struct nft_found found;
	int r = find_bridge(nft, bridge, &found, e);

	if (r == 0)
		(void)snprintf(ret_root, NFT_COMMENT, "%s", found.comment);
	return r;
}

static int warn_of_drop(void *arg, const char *family, const char *table, const char *chain)
{
	const char *bridge = arg;

	log_warning("the chain %s of the table %s %s drops what it does not accept, and no other "
		    "table can change that: for other hosts to be reached from %s, and to reach "
		    "published ports, let it accept iifname \"%s\", and oifname \"%s\" with ct "
		    "status dnat or ct state established",
		    chain, family, table, bridge, bridge, bridge);
	return 0;
}

/* Once a bridge, when its first container comes. */
static void warn_of_drops(struct nl *nft, const char *bridge)
{
	char name[NET_LINK_NAME];
	struct err unheard = ERR_INIT;

	(void)snprintf(name, sizeof(name), "%s", bridge);
	(void)nft_each_forward_drop(nft, warn_of_drop, name, &unheard); /* then nobody is warned */
}

static int join(struct nl *nft, const struct net_record *rec, const char *root, bool ours,
		struct err *e)
{
	auto_nl_batch struct nl_batch b = NL_BATCH_INIT;
	auto_ports struct ports ports = {.n = {0}};
	struct settings settings = {.n = 0};
	struct nft_found bridge = {.found = false};
	uint32_t generation = 0;
	bool table = true;
	int r = nft_generation(nft, &generation, e);

	if (r == 0)
		r = find_bridge(nft, rec->bridge, &bridge, e);
	if (r == 0)
		r = settings_find(rec, ours, &settings, e);
	if (r == 0 && bridge.found && rec->n_ports == 0 && settings.n == 0)
		return 0;
	if (r == 0 && !bridge.found)
		r = nft_has_table(nft, &table, e);
	if (r == 0)
		r = ports_of(rec, &ports, e);
	if (r < 0)
		return r;
	nft_begin(&b, generation);
	if (!table)
		put_table(&b);
	if (!bridge.found)
		put_bridge(&b, rec, root);
	settings_put(&b, &settings);
	for (size_t i = 0; i < PORTS_SETS; i++)
		nft_put_elements(&b, &ports_sets[i], ports.v[i], ports.n[i]);
	r = nft_commit(nft, &b, e);
	if (r == -EEXIST)
		return ports_refused(nft, &ports, e);
	if (r == 0)
		r = settings_apply(&settings, e);
	if (r == 0 && !bridge.found)
		warn_of_drops(nft, rec->bridge);
	return r;
}

int firewall_join(struct nl *nft, const struct net_record *rec, const char *root, bool ours,
		  struct err *e)
{
	int r = -ERESTART;

	for (unsigned i = 0; r == -ERESTART && i < TRIES; i++) {
		*e = ERR_INIT;
		r = join(nft, rec, root, ours, e);
	}
	return r < 0 ? err_wrap(e, "set the rules of %s", rec->bridge) : 0;
}

/* --- leaving --- */

struct others {
	const char *bridge;
	bool found, others;
};

static int note_bridge(void *arg, const struct nft_found *element)
{
	struct others *o = arg;

	if (strncmp((const char *)element->key, o->bridge, IFNAME_LEN) == 0)
		o->found = true;
	else
		o->others = true;
	return 0;
}

static int leave(struct nl *nft, const char *bridge, struct err *e)
{
	auto_nl_batch struct nl_batch b = NL_BATCH_INIT;
	struct others o = {.bridge = bridge};
	struct err ignored = ERR_INIT;
	uint32_t generation = 0;
	struct settings done = {.n = 0};
	bool table = false;
	int r = nft_generation(nft, &generation, e);

	if (r == 0)
		r = nft_has_table(nft, &table, e);
	if (r < 0 || !table)
		return r;
	r = nft_each_element(nft, &firewall_bridges, note_bridge, &o, e);
	if (r < 0)
		return r;
	nft_begin(&b, generation);
	/* before the transaction: who comes after it finds what is to be written down again */
	r = settings_restore(nft, bridge, !o.others, &b, &done, e);
	if (r == 0 && o.found)
		put_delete_bridge(&b, bridge);
	if (r == 0 && !o.others)
		nft_put_delete_table(&b);
	if (r == 0)
		r = nft_commit(nft, &b, e);
	if (r < 0)
		(void)settings_apply(&done, &ignored); /* the first error is the one to tell */
	return r;
}

int firewall_leave(struct nl *nft, const char *bridge, struct err *e)
{
	int r = -ERESTART;

	for (unsigned i = 0; r == -ERESTART && i < TRIES; i++) {
		*e = ERR_INIT;
		r = leave(nft, bridge, e);
	}
	return r < 0 ? err_wrap(e, "remove the rules of %s", bridge) : 0;
}
