/* SPDX-License-Identifier: Apache-2.0 */
/* lease_file - all leases of a state root, and the file that they are kept in. */
#ifndef NET_LEASE_FILE_H
#define NET_LEASE_FILE_H

#include "net/options.h"

struct lease {
	struct net_lease as; /* its strings and ports are the list's */
	uint8_t mac[6];
	bool has_mac; /* it was asked for */
};

/* Sorted by bridge and address. */
struct lease_list {
	struct arena arena;
	struct lease *v;
	size_t n, room;
};

#define LEASE_LIST_INIT ((struct lease_list){.n = 0})
#define auto_leases     __attribute__((cleanup(lease_list_done)))
void lease_list_done(struct lease_list *list);

/* A store without a file has no leases. */
int lease_list_load(const struct net_store *store, struct lease_list *ret, struct err *e);
/* All or nothing, and on disk; no file where there are none. */
int lease_list_save(const struct net_store *store, const struct lease_list *list, struct err *e);
/* Removes what a killed writer has left in the locked store @fd. */
void lease_list_tidy(int fd);
/* Puts @lease in its place; what it points to has to live as long as the list. */
int lease_list_insert(struct lease_list *list, const struct lease *lease, struct err *e);
void lease_list_remove(struct lease_list *list, size_t i);

#endif
