/* SPDX-License-Identifier: Apache-2.0 */
/* nft_ask - what nf_tables answers about tables, elements and chains. */
#include "net/nft.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>

#define TYPE(message) ((uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | (message)))

static void ask(struct nl_batch *b, uint8_t family, uint16_t message, uint16_t flags,
		const char *what)
{
	struct nfgenmsg *header = NULL;

	if (nl_add(b, TYPE(message), flags, what, sizeof(*header), &header))
		header->nfgen_family = family;
	nl_spare(b, ENOENT);
}

static int run(struct nl *nl, struct nl_batch *b, nl_reply_fn *reply, void *arg, struct err *e)
{
	int r = nl_run(nl, b, reply, arg, e);

	if (r == -EOPNOTSUPP || r == -EINVAL)
		return err_wrap(e, "this kernel has no nf_tables: load its module (nf_tables)");
	return r;
}

static int take_generation(void *arg, const struct nlmsghdr *message)
{
	const struct nlattr *a[NFTA_GEN_ID + 1];

	nl_parse(message, sizeof(struct nfgenmsg), a, NFTA_GEN_ID + 1);
	if (message->nlmsg_type == TYPE(NFT_MSG_NEWGEN))
		*(uint32_t *)arg = nl_be32(a[NFTA_GEN_ID]);
	return 0;
}

int nft_generation(struct nl *nl, uint32_t *ret, struct err *e)
{
	auto_nl_batch struct nl_batch b = NL_BATCH_INIT;

	*ret = 0;
	ask(&b, NFPROTO_UNSPEC, NFT_MSG_GETGEN, 0, "look at the rules' generation");
	return run(nl, &b, take_generation, ret, e);
}

static int take_table(void *arg, const struct nlmsghdr *message)
{
	if (message->nlmsg_type == TYPE(NFT_MSG_NEWTABLE))
		*(bool *)arg = true;
	return 0;
}

int nft_has_table(struct nl *nl, bool *ret, struct err *e)
{
	auto_nl_batch struct nl_batch b = NL_BATCH_INIT;

	*ret = false;
	ask(&b, NFPROTO_INET, NFT_MSG_GETTABLE, 0, "look for the table");
	nl_put_str(&b, NFTA_TABLE_NAME, NFT_TABLE);
	return run(nl, &b, take_table, ret, e);
}

/* --- elements --- */

struct elements {
	int (*each)(void *arg, const struct nft_found *element);
	void *arg;
};

static void take_value(const struct nlattr *nest, uint8_t ret[32])
{
	const struct nlattr *a[NFTA_DATA_VALUE + 1];
	const void *value;
	size_t len;

	nl_parse_nested(nest, a, NFTA_DATA_VALUE + 1);
	value = nl_data(a[NFTA_DATA_VALUE], &len);
	if (len <= 32 && value)
		memcpy(ret, value, len);
}

/* Type, length, value, as nft(8) writes them; ours is the first and only one. */
static void take_comment(const struct nlattr *a, char ret[NFT_COMMENT])
{
	size_t len;
	const uint8_t *bytes = nl_data(a, &len);

	if (len > 2 && bytes[0] == 0 && bytes[1] == len - 2 && bytes[len - 1] == '\0')
		(void)snprintf(ret, NFT_COMMENT, "%s", (const char *)bytes + 2);
}

static int take_element(void *arg, const struct nlattr *nest)
{
	const struct elements *to = arg;
	const struct nlattr *a[NFTA_SET_ELEM_USERDATA + 1];
	struct nft_found found = {.found = true};

	nl_parse_nested(nest, a, NFTA_SET_ELEM_USERDATA + 1);
	take_value(a[NFTA_SET_ELEM_KEY], found.key);
	take_value(a[NFTA_SET_ELEM_DATA], found.data);
	take_comment(a[NFTA_SET_ELEM_USERDATA], found.comment);
	return to->each(to->arg, &found);
}

/* Of attributes of one type, one behind the other. */
static int each_of(const struct nlattr *list, int (*each)(void *arg, const struct nlattr *one),
		   void *arg)
{
	size_t left, size;
	const struct nlattr *one = nl_data(list, &left);
	int r = 0;

	while (r == 0 && one && left >= sizeof(*one) && one->nla_len >= sizeof(*one) &&
	       one->nla_len <= left) {
		r = each(arg, one);
		size = (one->nla_len + 3U) & ~3U;
		left -= size < left ? size : left;
		one = (const struct nlattr *)((const char *)one + size);
	}
	return r;
}

static int take_elements(void *arg, const struct nlmsghdr *message)
{
	const struct nlattr *a[NFTA_SET_ELEM_LIST_ELEMENTS + 1];

	if (message->nlmsg_type != TYPE(NFT_MSG_NEWSETELEM))
		return 0;
	nl_parse(message, sizeof(struct nfgenmsg), a, NFTA_SET_ELEM_LIST_ELEMENTS + 1);
	return each_of(a[NFTA_SET_ELEM_LIST_ELEMENTS], take_element, arg);
}

static int keep_found(void *arg, const struct nft_found *element)
{
	*(struct nft_found *)arg = *element;
	return 0;
}

static void ask_elements(struct nl_batch *b, const struct nft_set *set, uint16_t flags)
{
	ask(b, NFPROTO_INET, NFT_MSG_GETSETELEM, flags, "look for an element");
	nl_put_str(b, NFTA_SET_ELEM_LIST_TABLE, NFT_TABLE);
	nl_put_str(b, NFTA_SET_ELEM_LIST_SET, set->name);
}

int nft_find_element(struct nl *nl, const struct nft_set *set, const uint8_t *key,
		     struct nft_found *ret, struct err *e)
{
	auto_nl_batch struct nl_batch b = NL_BATCH_INIT;
	struct elements to = {.each = keep_found, .arg = ret};
	struct nlattr *list, *element, *value;

	*ret = (struct nft_found){.found = false};
	ask_elements(&b, set, 0);
	list = nl_nest(&b, NFTA_SET_ELEM_LIST_ELEMENTS);
	element = nl_nest(&b, NFTA_LIST_ELEM);
	value = nl_nest(&b, NFTA_SET_ELEM_KEY);
	nl_put(&b, NFTA_DATA_VALUE, key, set->key_len);
	nl_end(&b, value);
	nl_end(&b, element);
	nl_end(&b, list);
	return run(nl, &b, take_elements, &to, e);
}

int nft_each_element(struct nl *nl, const struct nft_set *set,
		     int (*each)(void *arg, const struct nft_found *element), void *arg,
		     struct err *e)
{
	auto_nl_batch struct nl_batch b = NL_BATCH_INIT;
	struct elements to = {.each = each, .arg = arg};

	ask_elements(&b, set, NLM_F_DUMP);
	return run(nl, &b, take_elements, &to, e);
}

/* --- other tables --- */

#define NAME_MAX_LEN 64
#define FORWARD_MAX  32 /* chains; more than any host has */

struct forward {
	uint8_t family;
	char table[NAME_MAX_LEN], chain[NAME_MAX_LEN];
	bool drops;
};

struct forwards {
	struct forward v[FORWARD_MAX];
	size_t n;
};

static const char *family_name(uint8_t family)
{
	switch (family) {
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_IPV6:
		return "ip6";
	case NFPROTO_INET:
		return "inet";
	default:
		return NULL;
	}
}

/* Those that forwarded packets go through, but our own. */
static int take_chain(void *arg, const struct nlmsghdr *message)
{
	const struct nlattr *a[NFTA_CHAIN_POLICY + 1], *hook[NFTA_HOOK_HOOKNUM + 1];
	const struct nfgenmsg *header = nl_header(message);
	struct forwards *to = arg;
	struct forward *f = &to->v[to->n];

	if (message->nlmsg_type != TYPE(NFT_MSG_NEWCHAIN) || to->n == FORWARD_MAX)
		return 0;
	nl_parse(message, sizeof(*header), a, NFTA_CHAIN_POLICY + 1);
	nl_parse_nested(a[NFTA_CHAIN_HOOK], hook, NFTA_HOOK_HOOKNUM + 1);
	if (!family_name(header->nfgen_family) || !a[NFTA_CHAIN_POLICY] ||
	    !hook[NFTA_HOOK_HOOKNUM] || nl_be32(hook[NFTA_HOOK_HOOKNUM]) != NF_INET_FORWARD ||
	    (header->nfgen_family == NFPROTO_INET &&
	     strcmp(nl_str(a[NFTA_CHAIN_TABLE]), NFT_TABLE) == 0))
		return 0;
	*f = (struct forward){.family = header->nfgen_family,
			      .drops = nl_be32(a[NFTA_CHAIN_POLICY]) == NF_DROP};
	(void)snprintf(f->table, sizeof(f->table), "%s", nl_str(a[NFTA_CHAIN_TABLE]));
	(void)snprintf(f->chain, sizeof(f->chain), "%s", nl_str(a[NFTA_CHAIN_NAME]));
	to->n++;
	return 0;
}

/* What a rule does to a packet, as far as it asks nothing of it. */
struct effect {
	bool asks, drops;
};

static bool is_drop(const struct nlattr *immediate)
{
	const struct nlattr *a[NFTA_IMMEDIATE_DATA + 1], *data[NFTA_DATA_VERDICT + 1];
	const struct nlattr *verdict[NFTA_VERDICT_CODE + 1];

	nl_parse_nested(immediate, a, NFTA_IMMEDIATE_DATA + 1);
	nl_parse_nested(a[NFTA_IMMEDIATE_DATA], data, NFTA_DATA_VERDICT + 1);
	nl_parse_nested(data[NFTA_DATA_VERDICT], verdict, NFTA_VERDICT_CODE + 1);
	return verdict[NFTA_VERDICT_CODE] && nl_be32(verdict[NFTA_VERDICT_CODE]) == NF_DROP;
}

static int take_expression(void *arg, const struct nlattr *one)
{
	const struct nlattr *a[NFTA_EXPR_DATA + 1];
	struct effect *effect = arg;
	const char *name;

	nl_parse_nested(one, a, NFTA_EXPR_DATA + 1);
	name = nl_str(a[NFTA_EXPR_NAME]);
	if (strcmp(name, "reject") == 0)
		effect->drops = true;
	else if (strcmp(name, "immediate") == 0)
		effect->drops = is_drop(a[NFTA_EXPR_DATA]);
	else if (strcmp(name, "counter") != 0 && strcmp(name, "log") != 0)
		effect->asks = true;
	return 0;
}

/* One that takes every packet that has come so far is as a policy: firewalld ends like this. */
static int take_rule(void *arg, const struct nlmsghdr *message)
{
	const struct nlattr *a[NFTA_RULE_EXPRESSIONS + 1];
	struct effect effect = {.asks = false};
	struct forward *f = arg;

	if (message->nlmsg_type != TYPE(NFT_MSG_NEWRULE))
		return 0;
	nl_parse(message, sizeof(struct nfgenmsg), a, NFTA_RULE_EXPRESSIONS + 1);
	(void)each_of(a[NFTA_RULE_EXPRESSIONS], take_expression, &effect);
	f->drops = f->drops || (effect.drops && !effect.asks);
	return 0;
}

int nft_each_forward_drop(struct nl *nl,
			  int (*each)(void *arg, const char *family, const char *table,
				      const char *chain),
			  void *arg, struct err *e)
{
	auto_nl_batch struct nl_batch b = NL_BATCH_INIT;
	struct forwards found = {.n = 0};
	int r;

	ask(&b, NFPROTO_UNSPEC, NFT_MSG_GETCHAIN, NLM_F_DUMP, "list the chains");
	r = run(nl, &b, take_chain, &found, e);
	for (size_t i = 0; r == 0 && i < found.n; i++) {
		struct forward *f = &found.v[i];

		ask(&b, f->family, NFT_MSG_GETRULE, NLM_F_DUMP, "list the rules of a chain");
		nl_put_str(&b, NFTA_RULE_TABLE, f->table);
		nl_put_str(&b, NFTA_RULE_CHAIN, f->chain);
		r = run(nl, &b, take_rule, f, e);
		if (r == 0 && f->drops)
			r = each(arg, family_name(f->family), f->table, f->chain);
	}
	return r;
}
