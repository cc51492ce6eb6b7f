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

static int take_element(const struct elements *to, const struct nlattr *nest)
{
	const struct nlattr *a[NFTA_SET_ELEM_USERDATA + 1];
	struct nft_found found = {.found = true};

	nl_parse_nested(nest, a, NFTA_SET_ELEM_USERDATA + 1);
	take_value(a[NFTA_SET_ELEM_KEY], found.key);
	take_value(a[NFTA_SET_ELEM_DATA], found.data);
	take_comment(a[NFTA_SET_ELEM_USERDATA], found.comment);
	return to->each(to->arg, &found);
}

static int take_elements(void *arg, const struct nlmsghdr *message)
{
	const struct nlattr *a[NFTA_SET_ELEM_LIST_ELEMENTS + 1];
	const struct nlattr *element;
	size_t left, size;
	int r = 0;

	if (message->nlmsg_type != TYPE(NFT_MSG_NEWSETELEM))
		return 0;
	nl_parse(message, sizeof(struct nfgenmsg), a, NFTA_SET_ELEM_LIST_ELEMENTS + 1);
	element = nl_data(a[NFTA_SET_ELEM_LIST_ELEMENTS], &left);
	while (r == 0 && left >= sizeof(*element) && element->nla_len >= sizeof(*element) &&
	       element->nla_len <= left) {
		r = take_element(arg, element);
		size = (element->nla_len + 3U) & ~3U;
		left -= size < left ? size : left;
		element = (const struct nlattr *)((const char *)element + size);
	}
	return r;
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

struct drops {
	int (*each)(void *arg, const char *family, const char *table, const char *chain);
	void *arg;
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

static int take_chain(void *arg, const struct nlmsghdr *message)
{
	const struct nlattr *a[NFTA_CHAIN_POLICY + 1], *hook[NFTA_HOOK_HOOKNUM + 1];
	const struct nfgenmsg *header = nl_header(message);
	const struct drops *drops = arg;
	const char *family;

	if (message->nlmsg_type != TYPE(NFT_MSG_NEWCHAIN))
		return 0;
	family = family_name(header->nfgen_family);
	nl_parse(message, sizeof(*header), a, NFTA_CHAIN_POLICY + 1);
	nl_parse_nested(a[NFTA_CHAIN_HOOK], hook, NFTA_HOOK_HOOKNUM + 1);
	if (!family || !a[NFTA_CHAIN_POLICY] || nl_be32(a[NFTA_CHAIN_POLICY]) != NF_DROP ||
	    !hook[NFTA_HOOK_HOOKNUM] || nl_be32(hook[NFTA_HOOK_HOOKNUM]) != NF_INET_FORWARD)
		return 0;
	return drops->each(drops->arg, family, nl_str(a[NFTA_CHAIN_TABLE]),
			   nl_str(a[NFTA_CHAIN_NAME]));
}

int nft_each_forward_drop(struct nl *nl,
			  int (*each)(void *arg, const char *family, const char *table,
				      const char *chain),
			  void *arg, struct err *e)
{
	auto_nl_batch struct nl_batch b = NL_BATCH_INIT;
	struct drops drops = {.each = each, .arg = arg};

	ask(&b, NFPROTO_UNSPEC, NFT_MSG_GETCHAIN, NLM_F_DUMP, "list the chains");
	return run(nl, &b, take_chain, &drops, e);
}
