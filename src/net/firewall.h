/* SPDX-License-Identifier: Apache-2.0 */
/* firewall - the table `tinyrun`: NAT, published ports, isolation, and the switches of /proc/sys.
 */
#ifndef NET_FIREWALL_H
#define NET_FIREWALL_H

#include "net/nft.h"
#include "tinyrun/net.h"

/* What a bridge has to be asked about: its name as a key of the table's sets. */
void firewall_bridge_key(const char *bridge, struct nft_element *ret);

/*
 * @root: whose bridge it is, in words; "" when nobody of ours is on it. Fails where the kernel has
 * no nf_tables.
 */
int firewall_owner(struct nl *nft, const char *bridge, char ret_root[NFT_COMMENT], struct err *e);
/*
 * In one transaction: the table when it is not there, what belongs to the bridge, and the
 * container's ports. Then forwarding is switched on. The bridge is there already; @ours: it goes
 * with the last container, and with it whatever is set for it.
 */
int firewall_join(struct nl *nft, const struct net_record *rec, const char *root, bool ours,
		  struct err *e);
/* The container's ports. */
int firewall_unpublish(struct nl *nft, const struct net_record *rec, struct err *e);
/* What belongs to the bridge; with the last bridge the table, and forwarding as it was. */
int firewall_leave(struct nl *nft, const char *bridge, struct err *e);

/* --- its parts --- */
extern const struct nft_set firewall_bridges, firewall_settings;

/* ports.c */
#define PORTS_SETS 4
extern const struct nft_set ports_sets[PORTS_SETS];
struct ports {
	struct nft_element *v[PORTS_SETS]; /* of each set */
	size_t n[PORTS_SETS];
};
#define auto_ports __attribute__((cleanup(ports_done)))
/* The elements that publish what @rec publishes; they borrow from it. */
int ports_of(const struct net_record *rec, struct ports *ret, struct err *e);
void ports_done(struct ports *ports);
/* When an element was refused as it is there already: who has the port, if that is why. */
int ports_refused(struct nl *nft, const struct ports *ports, struct err *e);

/* settings.c: values of /proc/sys that are changed, and where it is written down what they were */
#define SETTING_PATH 80
struct setting {
	char path[SETTING_PATH]; /* below /proc/sys */
	char was[8], now[8];
	bool kept; /* it has to be put back by us */
};
#define SETTINGS_MAX 24
struct settings {
	struct setting v[SETTINGS_MAX];
	size_t n;
};
/* What has to be changed for @rec: those that have the right value already are left out. */
int settings_find(const struct net_record *rec, bool ours, struct settings *ret, struct err *e);
/* As elements of firewall_settings, so that others find what was there. */
void settings_put(struct nl_batch *b, const struct settings *settings);
/* Sets them, and says so. */
int settings_apply(const struct settings *settings, struct err *e);
/*
 * Puts back what was written down: of the link @bridge, or with @all everything; what others have
 * changed meanwhile stays. The elements are removed by the caller's batch @b; where that is
 * refused, settings_apply() of *ret_done makes it as it was.
 */
int settings_restore(struct nl *nft, const char *bridge, bool all, struct nl_batch *b,
		     struct settings *ret_done, struct err *e);

#endif
