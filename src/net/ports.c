/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ports - published ports as elements of four maps: of each family one for all addresses of the
 * host and one for a certain address. What is asked of a packet costs the same however many there
 * are.
 */
#include "net/firewall.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net/options.h"

/* nft(8)'s numbers for types, by which it prints them */
enum { TYPE_IP = 7, TYPE_IP6 = 8, TYPE_PROTOCOL = 12, TYPE_PORT = 13 };

#define PAIR(a, b)      ((unsigned)(a) << 6 | (unsigned)(b))
#define TRIPLE(a, b, c) (PAIR(a, b) << 6 | (unsigned)(c))

enum { ANY4, AT4, ANY6, AT6 };

const struct nft_set ports_sets[PORTS_SETS] = {
	[ANY4] = {"ports4", PAIR(TYPE_PROTOCOL, TYPE_PORT), 8, PAIR(TYPE_IP, TYPE_PORT), 8, false},
	[AT4] = {"ports4_at", TRIPLE(TYPE_IP, TYPE_PROTOCOL, TYPE_PORT), 12,
		 PAIR(TYPE_IP, TYPE_PORT), 8, false},
	[ANY6] = {"ports6", PAIR(TYPE_PROTOCOL, TYPE_PORT), 8, PAIR(TYPE_IP6, TYPE_PORT), 20,
		  false},
	[AT6] = {"ports6_at", TRIPLE(TYPE_IP6, TYPE_PROTOCOL, TYPE_PORT), 24,
		 PAIR(TYPE_IP6, TYPE_PORT), 20, false},
};

/* Each part of a key begins on 32 bits, as registers do. */
static void put_number(uint8_t *to, uint16_t port)
{
	port = htons(port);
	memcpy(to, &port, sizeof(port));
}

static void add(struct ports *ports, const struct net_record *rec, const struct net_port *port,
		int family)
{
	const struct net_addr *to = family == AF_INET ? &rec->ip.addr : &rec->ip6.addr;
	bool any = port->host.family == AF_UNSPEC || net_addr_is_any(&port->host);
	size_t len = family == AF_INET ? 4 : 16, at = any ? 0 : len;
	unsigned set = family == AF_INET ? (any ? ANY4 : AT4) : (any ? ANY6 : AT6);
	struct nft_element *el = &ports->v[set][ports->n[set]++];

	memcpy(el->key, port->host.bytes, at);
	el->key[at] = port->udp ? IPPROTO_UDP : IPPROTO_TCP;
	put_number(el->key + at + 4, port->host_port);
	memcpy(el->data, to->bytes, len);
	put_number(el->data + len, port->port);
	el->comment = rec->owner;
}

static bool is_for(const struct net_record *rec, const struct net_port *port, int family)
{
	const struct net_cidr *to = family == AF_INET ? &rec->ip : &rec->ip6;

	return to->addr.family == family &&
	       (port->host.family == AF_UNSPEC || port->host.family == family);
}

int ports_of(const struct net_record *rec, struct ports *ret, struct err *e)
{
	*ret = (struct ports){.n = {0}};
	for (size_t i = 0; rec->n_ports > 0 && i < PORTS_SETS; i++) {
		ret->v[i] = calloc(rec->n_ports, sizeof(*ret->v[i]));
		if (!ret->v[i])
			return err_num(e, ENOMEM, "publish ports");
	}
	for (size_t i = 0; i < rec->n_ports; i++) {
		if (is_for(rec, &rec->ports[i], AF_INET))
			add(ret, rec, &rec->ports[i], AF_INET);
		if (is_for(rec, &rec->ports[i], AF_INET6))
			add(ret, rec, &rec->ports[i], AF_INET6);
	}
	return 0;
}

void ports_done(struct ports *ports)
{
	for (size_t i = 0; i < PORTS_SETS; i++)
		free(ports->v[i]);
	*ports = (struct ports){.n = {0}};
}

/* Those of @v that lead to where we want them: others are not this container's. */
static int keep_ours(struct nl *nft, const struct nft_set *set, struct nft_element *v, size_t *n,
		     struct err *e)
{
	struct nft_found found;
	size_t kept = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < *n; i++) {
		r = nft_find_element(nft, set, v[i].key, &found, e);
		if (r == 0 && found.found && memcmp(found.data, v[i].data, set->data_len) == 0)
			v[kept++] = v[i];
	}
	*n = kept;
	return r;
}

int ports_refused(struct nl *nft, const struct ports *ports, struct err *e)
{
	struct err unheard = ERR_INIT;
	struct nft_found found;
	uint16_t port;

	for (size_t set = 0; set < PORTS_SETS; set++) {
		for (size_t i = 0; i < ports->n[set]; i++) {
			const uint8_t *key = ports->v[set][i].key;
			size_t len = ports_sets[set].key_len;

			if (nft_find_element(nft, &ports_sets[set], key, &found, &unheard) < 0 ||
			    !found.found)
				continue;
			memcpy(&port, key + len - 4, sizeof(port));
			*e = ERR_INIT;
			return err_user(e,
					"port %u/%s of the host is published by %s of another "
					"state root already",
					ntohs(port), key[len - 8] == IPPROTO_UDP ? "udp" : "tcp",
					found.comment);
		}
	}
	return -EEXIST;
}

int firewall_unpublish(struct nl *nft, const struct net_record *rec, struct err *e)
{
	auto_nl_batch struct nl_batch b = NL_BATCH_INIT;
	auto_ports struct ports ports;
	size_t n = 0;
	int r = ports_of(rec, &ports, e);

	nft_begin(&b, 0);
	for (size_t i = 0; r == 0 && i < PORTS_SETS; i++) {
		r = keep_ours(nft, &ports_sets[i], ports.v[i], &ports.n[i], e);
		nft_put_delete_elements(&b, &ports_sets[i], ports.v[i], ports.n[i]);
		n += ports.n[i];
	}
	if (r == 0 && n > 0)
		r = nft_commit(nft, &b, e);
	return r < 0 ? err_wrap(e, "unpublish the ports of %s", rec->owner) : 0;
}
