/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nft - requests of nf_tables, as linux/netfilter/nf_tables.h has them.
 *
 * Numbers in attributes are big-endian; what is in registers is as in the packet, or as the
 * processor has it where the kernel made it (marks, states, types of route).
 */
#include "net/nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>

#define TYPE(message)  ((uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | (message)))
#define ELEMENTS_EACH  64 /* in one request: a nest is at most 64 KiB */
#define COMMENT        0  /* of an element, in nft(8)'s user data: type, length, text */
#define KEY_ORDER      0  /* of a set, in the same way */
#define KEY_ORDER_HOST 1
#define REGISTER(n)    (NFT_REG32_00 + (n))
#define REGISTER_BYTES 4U

static void add(struct nl_batch *b, uint16_t type, uint16_t flags, const char *what)
{
	struct nfgenmsg *header = NULL;

	if (nl_add(b, type, flags, what, sizeof(*header), &header))
		header->nfgen_family = NFPROTO_INET;
}

/* --- the transaction --- */

static void put_mark(struct nl_batch *b, uint16_t type, const char *what)
{
	struct nfgenmsg *header = NULL;

	if (nl_add(b, type, 0, what, sizeof(*header), &header))
		header->res_id = htons(NFNL_SUBSYS_NFTABLES);
	nl_silence(b);
}

void nft_begin(struct nl_batch *b, uint32_t generation)
{
	put_mark(b, NFNL_MSG_BATCH_BEGIN, "use nf_tables");
	if (generation)
		nl_put_be32(b, NFNL_BATCH_GENID, generation);
}

int nft_commit(struct nl *nl, struct nl_batch *b, struct err *e)
{
	int r;

	put_mark(b, NFNL_MSG_BATCH_END, "end the change of rules");
	r = nl_run(nl, b, NULL, NULL, e);
	return r == -EOPNOTSUPP ? err_wrap(e, "this kernel has no nf_tables, or a part of it is "
					      "missing: load its modules (nf_tables, nft_nat, "
					      "nft_masq, nft_fib_inet)")
				: r;
}

/* --- table, chains, sets --- */

void nft_put_table(struct nl_batch *b)
{
	add(b, TYPE(NFT_MSG_NEWTABLE), NLM_F_CREATE | NLM_F_EXCL, "make the table");
	nl_put_str(b, NFTA_TABLE_NAME, NFT_TABLE);
}

void nft_put_delete_table(struct nl_batch *b)
{
	add(b, TYPE(NFT_MSG_DELTABLE), 0, "remove the table");
	nl_put_str(b, NFTA_TABLE_NAME, NFT_TABLE);
}

void nft_put_chain(struct nl_batch *b, const struct nft_chain *chain)
{
	struct nlattr *hook;

	add(b, TYPE(NFT_MSG_NEWCHAIN), NLM_F_CREATE | NLM_F_EXCL, "make a chain");
	nl_put_str(b, NFTA_CHAIN_TABLE, NFT_TABLE);
	nl_put_str(b, NFTA_CHAIN_NAME, chain->name);
	if (!chain->type)
		return;
	hook = nl_nest(b, NFTA_CHAIN_HOOK);
	nl_put_be32(b, NFTA_HOOK_HOOKNUM, chain->hook);
	nl_put_be32(b, NFTA_HOOK_PRIORITY, (uint32_t)chain->priority);
	nl_end(b, hook);
	nl_put_be32(b, NFTA_CHAIN_POLICY, NF_ACCEPT);
	nl_put_str(b, NFTA_CHAIN_TYPE, chain->type);
}

void nft_put_delete_chain(struct nl_batch *b, const char *name)
{
	add(b, TYPE(NFT_MSG_DELRULE), 0, "remove the rules of a chain");
	nl_put_str(b, NFTA_RULE_TABLE, NFT_TABLE);
	nl_put_str(b, NFTA_RULE_CHAIN, name);
	add(b, TYPE(NFT_MSG_DELCHAIN), 0, "remove a chain");
	nl_put_str(b, NFTA_CHAIN_TABLE, NFT_TABLE);
	nl_put_str(b, NFTA_CHAIN_NAME, name);
}

void nft_put_set(struct nl_batch *b, const struct nft_set *set)
{
	/* nft(8)'s user data of a set: type, length, value */
	const struct __attribute__((packed)) {
		uint8_t type, len;
		uint32_t value;
	} order = {KEY_ORDER, sizeof(uint32_t), KEY_ORDER_HOST};

	add(b, TYPE(NFT_MSG_NEWSET), NLM_F_CREATE | NLM_F_EXCL, "make a set");
	nl_put_str(b, NFTA_SET_TABLE, NFT_TABLE);
	nl_put_str(b, NFTA_SET_NAME, set->name);
	nl_put_be32(b, NFTA_SET_ID, (uint32_t)b->n); /* one of its own in this batch */
	nl_put_be32(b, NFTA_SET_KEY_TYPE, set->key_type);
	nl_put_be32(b, NFTA_SET_KEY_LEN, set->key_len);
	if (set->host_order)
		nl_put(b, NFTA_SET_USERDATA, &order, sizeof(order));
	if (!set->data_type)
		return;
	nl_put_be32(b, NFTA_SET_FLAGS, NFT_SET_MAP);
	nl_put_be32(b, NFTA_SET_DATA_TYPE, set->data_type);
	nl_put_be32(b, NFTA_SET_DATA_LEN, set->data_len);
}

/* --- elements --- */

static void put_value(struct nl_batch *b, uint16_t type, const void *value, size_t len)
{
	struct nlattr *nest = nl_nest(b, type);

	nl_put(b, NFTA_DATA_VALUE, value, len);
	nl_end(b, nest);
}

static void put_verdict(struct nl_batch *b, uint16_t type, unsigned code, const char *chain)
{
	struct nlattr *data = nl_nest(b, type), *verdict = nl_nest(b, NFTA_DATA_VERDICT);

	nl_put_be32(b, NFTA_VERDICT_CODE, code);
	if (chain)
		nl_put_str(b, NFTA_VERDICT_CHAIN, chain);
	nl_end(b, verdict);
	nl_end(b, data);
}

static void put_comment(struct nl_batch *b, const char *comment)
{
	uint8_t bytes[2 + NFT_COMMENT];
	int len = snprintf((char *)bytes + 2, NFT_COMMENT, "%s", comment) + 1;

	if (len > NFT_COMMENT)
		len = NFT_COMMENT; /* cut, and still ended by a 0 */
	bytes[0] = COMMENT;
	bytes[1] = (uint8_t)len;
	nl_put(b, NFTA_SET_ELEM_USERDATA, bytes, 2 + (size_t)len);
}

static void put_element(struct nl_batch *b, const struct nft_set *set, const struct nft_element *el,
			bool whole)
{
	struct nlattr *nest = nl_nest(b, NFTA_LIST_ELEM);

	put_value(b, NFTA_SET_ELEM_KEY, el->key, set->key_len);
	if (whole && el->go_to)
		put_verdict(b, NFTA_SET_ELEM_DATA, (unsigned)NFT_GOTO, el->go_to);
	else if (whole && set->data_len)
		put_value(b, NFTA_SET_ELEM_DATA, el->data, set->data_len);
	if (whole && el->comment)
		put_comment(b, el->comment);
	nl_end(b, nest);
}

static struct nlattr *begin_elements(struct nl_batch *b, const struct nft_set *set)
{
	nl_put_str(b, NFTA_SET_ELEM_LIST_TABLE, NFT_TABLE);
	nl_put_str(b, NFTA_SET_ELEM_LIST_SET, set->name);
	return nl_nest(b, NFTA_SET_ELEM_LIST_ELEMENTS);
}

enum how { ADD, ADD_AGAIN, REMOVE };

static void add_elements(struct nl_batch *b, enum how how)
{
	uint16_t flags = how == ADD ? NLM_F_CREATE | NLM_F_EXCL : NLM_F_CREATE;

	if (how == REMOVE)
		add(b, TYPE(NFT_MSG_DELSETELEM), 0, "remove an element");
	else
		add(b, TYPE(NFT_MSG_NEWSETELEM), flags, "add an element");
}

static void put_elements(struct nl_batch *b, const struct nft_set *set, const struct nft_element *v,
			 size_t n, enum how how)
{
	struct nlattr *nest = NULL;

	for (size_t i = 0; i < n; i++) {
		if (i % ELEMENTS_EACH == 0) {
			nl_end(b, nest);
			add_elements(b, how);
			nest = begin_elements(b, set);
		}
		put_element(b, set, &v[i], how != REMOVE);
	}
	nl_end(b, nest);
}

void nft_put_elements(struct nl_batch *b, const struct nft_set *set, const struct nft_element *v,
		      size_t n)
{
	put_elements(b, set, v, n, ADD);
}

void nft_put_elements_again(struct nl_batch *b, const struct nft_set *set,
			    const struct nft_element *v, size_t n)
{
	put_elements(b, set, v, n, ADD_AGAIN);
}

void nft_put_delete_elements(struct nl_batch *b, const struct nft_set *set,
			     const struct nft_element *v, size_t n)
{
	put_elements(b, set, v, n, REMOVE);
}

/* --- rules --- */

/* Attributes of an expression, in the order of its struct's members. */
typedef void put_fn(struct nl_batch *b, const struct nft_expr *x);

static void put_meta(struct nl_batch *b, const struct nft_expr *x)
{
	nl_put_be32(b, NFTA_META_KEY, x->key);
	nl_put_be32(b, NFTA_META_DREG, REGISTER(x->reg));
}

static void put_ct(struct nl_batch *b, const struct nft_expr *x)
{
	nl_put_be32(b, NFTA_CT_KEY, x->key);
	nl_put_be32(b, NFTA_CT_DREG, REGISTER(x->reg));
}

static void put_payload(struct nl_batch *b, const struct nft_expr *x)
{
	nl_put_be32(b, NFTA_PAYLOAD_DREG, REGISTER(x->reg));
	nl_put_be32(b, NFTA_PAYLOAD_BASE,
		    x->op == NFT_OP_NETWORK ? NFT_PAYLOAD_NETWORK_HEADER
					    : NFT_PAYLOAD_TRANSPORT_HEADER);
	nl_put_be32(b, NFTA_PAYLOAD_OFFSET, x->key);
	nl_put_be32(b, NFTA_PAYLOAD_LEN, x->len);
}

static void put_fib_type(struct nl_batch *b, const struct nft_expr *x)
{
	nl_put_be32(b, NFTA_FIB_DREG, REGISTER(x->reg));
	nl_put_be32(b, NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	nl_put_be32(b, NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
}

static void put_mask(struct nl_batch *b, const struct nft_expr *x)
{
	static const uint8_t zero[16];
	const void *mask = x->len ? (const void *)x->data : &x->key;
	size_t len = x->len ? x->len : sizeof(x->key);

	nl_put_be32(b, NFTA_BITWISE_SREG, REGISTER(x->reg));
	nl_put_be32(b, NFTA_BITWISE_DREG, REGISTER(x->reg));
	nl_put_be32(b, NFTA_BITWISE_LEN, (uint32_t)len);
	put_value(b, NFTA_BITWISE_MASK, mask, len);
	put_value(b, NFTA_BITWISE_XOR, zero, len);
}

static void put_compare(struct nl_batch *b, const struct nft_expr *x)
{
	nl_put_be32(b, NFTA_CMP_SREG, REGISTER(x->reg));
	nl_put_be32(b, NFTA_CMP_OP, x->op == NFT_OP_EQUAL ? NFT_CMP_EQ : NFT_CMP_NEQ);
	if (x->len)
		put_value(b, NFTA_CMP_DATA, x->data, x->len);
	else
		put_value(b, NFTA_CMP_DATA, &x->key, sizeof(x->key));
}

static void put_lookup(struct nl_batch *b, const struct nft_expr *x)
{
	nl_put_str(b, NFTA_LOOKUP_SET, x->name);
	nl_put_be32(b, NFTA_LOOKUP_SREG, REGISTER(x->reg));
	if (x->op == NFT_OP_MAP)
		nl_put_be32(b, NFTA_LOOKUP_DREG, REGISTER(x->reg));
	if (x->op == NFT_OP_VMAP)
		nl_put_be32(b, NFTA_LOOKUP_DREG, NFT_REG_VERDICT);
}

static void put_dnat(struct nl_batch *b, const struct nft_expr *x)
{
	nl_put_be32(b, NFTA_NAT_TYPE, NFT_NAT_DNAT);
	nl_put_be32(b, NFTA_NAT_FAMILY, x->key);
	nl_put_be32(b, NFTA_NAT_REG_ADDR_MIN, REGISTER(x->reg));
	nl_put_be32(b, NFTA_NAT_REG_PROTO_MIN, REGISTER(x->len));
}

static void put_nothing(struct nl_batch *b, const struct nft_expr *x)
{
	(void)b; /* it has no attributes */
	(void)x;
}

static void put_immediate(struct nl_batch *b, const struct nft_expr *x)
{
	nl_put_be32(b, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	put_verdict(b, NFTA_IMMEDIATE_DATA, x->key, x->name);
}

static const struct {
	const char *name; /* in the kernel */
	put_fn *put;
} ops[] = {
	[NFT_OP_META] = {"meta", put_meta},
	[NFT_OP_CT] = {"ct", put_ct},
	[NFT_OP_NETWORK] = {"payload", put_payload},
	[NFT_OP_TRANSPORT] = {"payload", put_payload},
	[NFT_OP_FIB_TYPE] = {"fib", put_fib_type},
	[NFT_OP_MASK] = {"bitwise", put_mask},
	[NFT_OP_EQUAL] = {"cmp", put_compare},
	[NFT_OP_UNEQUAL] = {"cmp", put_compare},
	[NFT_OP_IN] = {"lookup", put_lookup},
	[NFT_OP_MAP] = {"lookup", put_lookup},
	[NFT_OP_VMAP] = {"lookup", put_lookup},
	[NFT_OP_DNAT] = {"nat", put_dnat},
	[NFT_OP_MASQ] = {"masq", put_nothing},
	[NFT_OP_VERDICT] = {"immediate", put_immediate},
};

void nft_put_rule(struct nl_batch *b, const char *chain, const struct nft_expr *exprs)
{
	struct nlattr *list, *element, *data;

	add(b, TYPE(NFT_MSG_NEWRULE), NLM_F_CREATE | NLM_F_APPEND, "add a rule");
	nl_put_str(b, NFTA_RULE_TABLE, NFT_TABLE);
	nl_put_str(b, NFTA_RULE_CHAIN, chain);
	list = nl_nest(b, NFTA_RULE_EXPRESSIONS);
	for (const struct nft_expr *x = exprs; x->op != NFT_OP_END; x++) {
		element = nl_nest(b, NFTA_LIST_ELEM);
		nl_put_str(b, NFTA_EXPR_NAME, ops[x->op].name);
		data = nl_nest(b, NFTA_EXPR_DATA);
		ops[x->op].put(b, x);
		nl_end(b, data);
		nl_end(b, element);
	}
	nl_end(b, list);
}
