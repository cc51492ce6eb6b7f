/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nft - requests of nf_tables, put into batches: sets, chains, rules, elements of the table
 * `tinyrun`.
 *
 * A batch between nft_begin() and nft_commit() is a transaction: all of it happens, or nothing.
 */
#ifndef NET_NFT_H
#define NET_NFT_H

#include "net/nl.h"

#include <linux/netfilter/nf_tables.h>

#define NFT_TABLE   "tinyrun"
#define NFT_COMMENT 200 /* with its 0; the kernel keeps at most 256 bytes of user data */

/* One expression of a rule. Registers are numbered in units of 32 bits, from 0. */
struct nft_expr {
	enum nft_op {
		NFT_OP_END,
		NFT_OP_META,      /* @key: NFT_META_*, to @reg */
		NFT_OP_CT,        /* @key: NFT_CT_*, to @reg */
		NFT_OP_NETWORK,   /* @len bytes at @key of the network header, to @reg */
		NFT_OP_TRANSPORT, /* the same of the transport header */
		NFT_OP_FIB_TYPE,  /* the type of route to the destination, to @reg */
		NFT_OP_MASK,      /* @len bytes of @reg, and @data */
		NFT_OP_EQUAL,     /* go on if @len bytes of @reg are @data */
		NFT_OP_UNEQUAL,
		NFT_OP_IN,      /* go on if @reg is in the set @name */
		NFT_OP_MAP,     /* what the map @name has for @reg, to @reg */
		NFT_OP_VMAP,    /* the verdict that the map @name has for @reg */
		NFT_OP_DNAT,    /* to the address in @reg and the port in @len; @key: family */
		NFT_OP_MASQ,    /* from the address of the link that it leaves by */
		NFT_OP_VERDICT, /* @key: NF_* or NFT_*; @name: the chain */
	} op;
	unsigned key, len, reg;
	const char *name;
	uint8_t data[16]; /* with @len 0 it is the word @key, in the processor's order */
};

struct nft_chain {
	const char *name;
	const char *type; /* "filter", "nat"; NULL: a chain that others go to */
	unsigned hook;    /* NF_INET_* */
	int priority;
};

struct nft_set {
	const char *name;
	unsigned key_type, key_len;   /* the type is for nft(8) to print it */
	unsigned data_type, data_len; /* a map; 0: a set. NFT_DATA_VERDICT: of verdicts */
	bool host_order;              /* keys are as the processor has them: for nft(8), too */
};

struct nft_element {
	uint8_t key[32], data[32];
	const char *go_to;   /* map of verdicts: the chain; else NULL */
	const char *comment; /* or NULL */
};

/* @generation: refused with ERESTART when any rule has changed since it was that; 0: never. */
void nft_begin(struct nl_batch *b, uint32_t generation);
/* Ends it and sends it. Says so where the kernel has no nf_tables. */
int nft_commit(struct nl *nl, struct nl_batch *b, struct err *e);

void nft_put_table(struct nl_batch *b);
void nft_put_delete_table(struct nl_batch *b);
void nft_put_chain(struct nl_batch *b, const struct nft_chain *chain);
/* With all its rules. */
void nft_put_delete_chain(struct nl_batch *b, const char *name);
void nft_put_set(struct nl_batch *b, const struct nft_set *set);
/* @exprs ends with NFT_OP_END. */
void nft_put_rule(struct nl_batch *b, const char *chain, const struct nft_expr *exprs);
/* An element that is there already is an error. */
void nft_put_elements(struct nl_batch *b, const struct nft_set *set, const struct nft_element *v,
		      size_t n);
/* One that is there already is left as it is. */
void nft_put_elements_again(struct nl_batch *b, const struct nft_set *set,
			    const struct nft_element *v, size_t n);
void nft_put_delete_elements(struct nl_batch *b, const struct nft_set *set,
			     const struct nft_element *v, size_t n);

/* --- asking; outside of a batch --- */
/* The number of the state that the rules are in; every change, whoever makes it, raises it. */
int nft_generation(struct nl *nl, uint32_t *ret, struct err *e);
int nft_has_table(struct nl *nl, bool *ret, struct err *e);
struct nft_found {
	bool found;
	uint8_t key[32], data[32];
	char comment[NFT_COMMENT];
};

/* One element by its key; not found when the table is not there either. */
int nft_find_element(struct nl *nl, const struct nft_set *set, const uint8_t *key,
		     struct nft_found *ret, struct err *e);
/* All of a set; none when the table is not there. @each answers 0 to go on. */
int nft_each_element(struct nl *nl, const struct nft_set *set,
		     int (*each)(void *arg, const struct nft_found *element), void *arg,
		     struct err *e);
/* Chains of other tables that drop forwarded packets by their policy. */
int nft_each_forward_drop(struct nl *nl,
			  int (*each)(void *arg, const char *family, const char *table,
				      const char *chain),
			  void *arg, struct err *e);

#endif
