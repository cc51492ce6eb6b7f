/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net - the network of a container: a bridge, a veth pair, addresses, NAT and published ports.
 *
 *	options (flags, annotations)  what is wanted; options.c
 *	  net_prepare() -> record     what will be made: addresses and ports are leased, nothing in
 *	                              the kernel is changed
 *	  net_attach()                bridge, veth pair, addresses, routes, rules
 *	  net_detach()                none of it is left, whatever there was of it
 *
 * The caller writes the record down between prepare and attach: it is the intent, and all that
 * net_detach() needs after a kill at any point. It says what *may* be there; detach asks the kernel
 * what is, and takes away only what is this container's.
 *
 * The kernel's own state is the truth about the host, across state roots and crashes:
 *  - a bridge is ours (and goes with the last container on it) when its hardware address is the one
 *    that is derived from this boot and its name;
 *  - a container's host side is a veth named after state root and owner;
 *  - the table `tinyrun` (family inet) has an element for each bridge and each published port, and
 *    goes with the last bridge. Which values of /proc/sys were 0 before stands in the user data of
 *    the table and of the bridge's element: they are put back with them.
 *
 * The state root keeps who has which address and which port: ROOT/.net, under a lock that everybody
 * holds who prepares, attaches or detaches.
 *
 * Nothing here is called for a container that asks for no network.
 *
 * In the small tinyrun (full.h) net_full.c stands for all that speaks to the kernel.
 */
#ifndef TINYRUN_NET_H
#define TINYRUN_NET_H

#include "tinyrun/buf.h"
#include "tinyrun/err.h"
#include "tinyrun/json.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define NET_ADDR_TEXT INET6_ADDRSTRLEN
#define NET_CIDR_TEXT (NET_ADDR_TEXT + 4)
#define NET_PORT_TEXT (NET_ADDR_TEXT + 20)
#define NET_LINK_NAME 16 /* IFNAMSIZ, with its 0 */

#define NET_BRIDGE_NAME "tinyrun0" /* the default one */

struct net_addr {
	int family; /* AF_INET, AF_INET6; AF_UNSPEC: none */
	uint8_t bytes[16];
};

struct net_cidr {
	struct net_addr addr; /* AF_UNSPEC: none */
	uint8_t prefix;
};

/* A port of the host that leads to one of the container. */
struct net_port {
	struct net_addr host; /* AF_UNSPEC: all addresses of both families */
	uint16_t host_port, port;
	bool udp;
};

/* As they are written; "" for none. Each returns @out. */
const char *net_addr_text(const struct net_addr *a, char out[NET_ADDR_TEXT]);
const char *net_cidr_text(const struct net_cidr *c, char out[NET_CIDR_TEXT]);
const char *net_port_text(const struct net_port *p, char out[NET_PORT_TEXT]);

/* Makes the host bits 0: the subnet of an address. */
void net_cidr_mask(struct net_cidr *c);

/* A line of /etc/hosts. */
struct net_host {
	const char *name;
	struct net_addr addr;
};

/*
 * Moves the host's interface @name to the namespace @netns_fd, where it is @new_name ("eth%d": the
 * first one that is free) with the permanent addresses that it had, and up. A failure leaves it
 * here. What has gone is noted in *@moved, so that it can still come back, the last one first.
 */
struct net_moved;
int net_move_device(const char *name, const char *new_name, int netns_fd, struct net_moved **moved,
		    struct err *e);
/* All of them are again what they were here; nothing can be done where that fails. */
void net_moved_put_back(struct net_moved **moved);
/* They stay where they are. */
void net_moved_free(struct net_moved **moved);

/* --- what is asked (options.c) --- */

enum net_mode {
	NET_UNSET, /* config.json alone decides */
	NET_NONE,  /* a new network namespace with its loopback interface */
	NET_HOST,  /* the host's */
	NET_PATH,  /* the one at a path; never changed by us */
	NET_BRIDGE /* a new one, on a bridge of the host */
};

#define NET_PORTS_MAX 256
#define NET_DNS_MAX   8
#define NET_HOSTS_MAX 256

/* What was asked for; zeroed is nothing. */
struct net_options {
	struct arena arena;
	enum net_mode mode;
	const char *path;           /* of the namespace, with NET_PATH */
	char bridge[NET_LINK_NAME]; /* "": the default one */
	struct net_cidr subnet, subnet6;
	struct net_addr ip, ip6;
	uint8_t mac[6];
	bool has_mac;
	unsigned mtu; /* 0: the bridge's */
	struct net_port *ports;
	size_t n_ports;
	struct net_addr *dns;
	size_t n_dns;
	struct net_host *hosts;
	size_t n_hosts;
	unsigned set, closed; /* bits of options.c's table: given; not to be given by annotations */
	/* what only a caller in this program sets, the CNI plugin: */
	const char *ifname; /* in the container; NULL: eth0 */
	bool moving_mac;    /* others may change it later: the host has to learn it by ARP and ND */
	bool routes_known;  /* whoever said the subnet knows the host's routes */
};

#define NET_OPTIONS_INIT ((struct net_options){.mode = NET_UNSET})
#define auto_net_options __attribute__((cleanup(net_options_done)))
void net_options_done(struct net_options *o);

/* One option by the name that it has on the command line without the dashes: "publish". */
int net_options_set(struct net_options *o, const char *name, const char *value, struct err *e);
/*
 * The same from an annotation; keys that are not ours are passed over. What an option of the
 * command line has set is left as it is, so annotations come after all options. Lists are separated
 * by commas.
 */
int net_options_annotate(struct net_options *o, const char *key, const char *value, struct err *e);
/* What no option can see alone. Options without a mode are those of NET_BRIDGE. */
int net_options_check(struct net_options *o, struct err *e);

/* 1 to 15 of A-Z a-z 0-9 . _ -, the first a letter or a digit. */
bool net_link_name_is_valid(const char *name);

/* --- what is made (record.c) --- */

struct net_record {
	struct arena arena; /* owns strings and ports */
	const char *owner;  /* the container's id; "cni:CONTAINER/IFNAME" for the CNI plugin */
	char bridge[NET_LINK_NAME];
	char veth[NET_LINK_NAME];   /* the host's side */
	char ifname[NET_LINK_NAME]; /* the container's side */
	struct net_cidr ip, ip6;    /* host's address with the subnet's prefix; AF_UNSPEC: none */
	struct net_addr gw, gw6;    /* the bridge's own */
	uint8_t mac[6];
	unsigned mtu;    /* of both sides, and of a bridge that has to be made */
	bool moving_mac; /* as in the options */
	struct net_port *ports;
	size_t n_ports;
};

#define NET_RECORD_INIT ((struct net_record){.n_ports = 0})
#define auto_net_record __attribute__((cleanup(net_record_done)))
void net_record_done(struct net_record *rec);
/* As one JSON object, and back. */
void net_record_json(const struct net_record *rec, struct buf *out);
int net_record_parse(const struct json *at, struct net_record *ret, struct err *e);

/* --- who has what (lease.c): ROOT/.net --- */

struct net_store {
	int root_fd; /* the state root; borrowed */
	int fd;      /* ROOT/.net, with flock(2) held until it is closed */
};

#define NET_STORE_INIT ((struct net_store){.root_fd = -1, .fd = -1})
#define auto_net_store __attribute__((cleanup(net_store_close)))

#define NET_E_MISSING 1
/* Waits for the lock. Makes ROOT/.net when @make; else NET_E_MISSING where it is not there. */
int net_store_open(int root_fd, bool make, struct net_store *ret, struct err *e);
void net_store_close(struct net_store *store);

/*
 * Leases to rec->owner on rec->bridge: sets rec->ip and ip6 (the smallest free host of @subnet and
 * @subnet6, or what @o asks for; AF_UNSPEC: none of that family; never rec->gw and gw6, the
 * network's own address or IPv4's broadcast) and rec->ports (those of @o, in rec->arena). Written
 * to disk when it returns. Leases of containers without a state directory ROOT/OWNER (unless the
 * owner has a ':') are free, and so is an older one of this owner. Refused, and nothing is changed:
 * a full subnet, an address that is taken, a port that another has published or that a process of
 * the host listens on (asked by bind(2)); each in a sentence with who has it.
 */
int net_lease_take(struct net_store *store, const struct net_options *o,
		   const struct net_cidr *subnet, const struct net_cidr *subnet6,
		   struct net_record *rec, struct err *e);
/* Absent is success. */
int net_lease_drop(struct net_store *store, const char *owner, struct err *e);

struct net_lease {
	const char *owner, *bridge;
	struct net_cidr ip, ip6;
	const struct net_port *ports;
	size_t n_ports;
};

/* The living, sorted by bridge and address. What @each answers but 0 ends it and is returned. */
int net_lease_each(struct net_store *store, int (*each)(void *arg, const struct net_lease *lease),
		   void *arg, struct err *e);

/* That of @owner as far as a lease says what was made. Returns 0, NET_E_MISSING or negative. */
int net_lease_find(struct net_store *store, const char *owner, struct net_record *ret,
		   struct err *e);
/*
 * One lease of a container that is gone (on @bridge, or anywhere with NULL), as far as it is known
 * what it stands for; net_detach() of it takes the lease too. Returns 0, NET_E_MISSING or negative.
 */
int net_lease_stale(struct net_store *store, const char *bridge, struct net_record *ret,
		    struct err *e);

/* --- names (dns.c): texts of files that are bound into the container --- */

/* --dns, else the host's servers but those that only the host can reach; a warning where all are.
 */
int net_resolv_conf(const struct net_options *o, struct buf *out, struct err *e);
/* localhost, --add-host, and @hostname with the container's addresses; @rec NULL: without. */
int net_hosts(const struct net_options *o, const struct net_record *rec, const char *hostname,
	      struct buf *out, struct err *e);

/* --- doing (attach.c) --- */

/*
 * Makes sure that what follows can be done at all: libmnl is there. Called before a verb that will
 * need it changes anything, as this is where the small tinyrun becomes the full one (full.h).
 */
int net_load(struct err *e);
/*
 * Decides what attach makes, and takes the lease. Refuses what can be known to fail: a bridge with
 * other addresses, a subnet that the host has or routes elsewhere, no right to do it, a port in
 * use. Changes nothing but the leases. The state directory ROOT/@owner has to be there already.
 */
int net_prepare(int root_fd, const struct net_options *o, const char *owner, struct net_record *ret,
		struct err *e);
/*
 * Makes it, in the network namespace @netns_fd of the container, whose loopback interface is
 * brought up too. After a failure net_detach() is to be called.
 */
int net_attach(int root_fd, const struct net_record *rec, int netns_fd, struct err *e);
/*
 * Takes away rules, links, the bridge with the last container (if it is ours), what was changed in
 * /proc/sys, and at the end the lease. What is not there is success, so it can be repeated.
 */
int net_detach(int root_fd, const struct net_record *rec, struct err *e);
/*
 * Detaches from what a lease says: that of @owner, or with NULL one of a container that is gone (on
 * @bridge, or anywhere with NULL). Found and taken under one lock, so that it cannot be that of the
 * next container of its name. Returns 0, NET_E_MISSING or negative; *ret has its owner once found.
 */
int net_detach_leased(int root_fd, const char *owner, const char *bridge, struct net_record *ret,
		      struct err *e);
/* Detaches an owner whose record was not written, or is lost, from what its lease says. */
int net_forget(int root_fd, const char *owner, struct err *e);
/* All that attach has made is there; else says what is not. */
int net_check(int root_fd, const struct net_record *rec, int netns_fd, struct err *e);
/* Nothing that can be known now is in the way of an attach. */
int net_ready(int root_fd, const struct net_options *o, struct err *e);
/* The hardware address of a link of this network namespace; false where there is none. */
bool net_link_mac(const char *name, uint8_t ret[6]);
/* Detaches what containers that are gone have left; @each is told of it, and may be NULL. */
int net_prune(int root_fd, const char *bridge,
	      void (*each)(void *arg, const struct net_record *rec), void *arg, struct err *e);
/* Removes @bridge and what is left on it. Refused while a container uses it. */
int net_remove(int root_fd, const char *bridge, struct err *e);
/* What attach does, a sentence a step, for `tinyrun plan`; addresses are not known yet. */
int net_describe(const struct net_options *o, int (*each)(void *arg, const char *sentence),
		 void *arg);

#endif
