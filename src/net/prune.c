/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prune - what is left of containers that have no state directory any more, and of bridges that
 * nobody uses.
 *
 * A lease is dropped after what it stands for is gone, so there is nothing without a lease, unless
 * somebody has removed the state root; then net_remove() still finds the bridge by its name.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "net/options.h"

/*
 * One lease: that of @owner, or with NULL one that is stale. This look only saves a talk with the
 * kernel where there is none; net_detach_leased() takes its own.
 */
static int find(int root_fd, const char *owner, const char *bridge, struct err *e)
{
	auto_net_record struct net_record rec = NET_RECORD_INIT;
	auto_net_store struct net_store store = NET_STORE_INIT;
	int r = net_store_open(root_fd, false, &store, e);

	if (r != 0)
		return r;
	return owner ? net_lease_find(&store, owner, &rec, e)
		     : net_lease_stale(&store, bridge, &rec, e);
}

static int detach_one(int root_fd, const char *owner, const char *bridge, struct net_record *ret,
		      struct err *e)
{
	int r = find(root_fd, owner, bridge, e);

	return r ? r : net_detach_leased(root_fd, owner, bridge, ret, e);
}

int net_forget(int root_fd, const char *owner, struct err *e)
{
	auto_net_record struct net_record rec = NET_RECORD_INIT;
	int r = detach_one(root_fd, owner, NULL, &rec, e);

	return r == NET_E_MISSING ? 0 : r;
}

int net_prune(int root_fd, const char *bridge,
	      void (*each)(void *arg, const struct net_record *rec), void *arg, struct err *e)
{
	for (;;) {
		auto_net_record struct net_record rec = NET_RECORD_INIT;
		int r = detach_one(root_fd, NULL, bridge, &rec, e);

		if (r < 0 && rec.owner)
			return err_wrap(e, "remove what %s has left on %s", rec.owner, rec.bridge);
		if (r != 0)
			return r == NET_E_MISSING ? 0 : r;
		if (each)
			each(arg, &rec);
	}
}

struct users {
	const char *bridge;
	struct err *e;
};

static int refuse_user(void *arg, const struct net_lease *lease)
{
	const struct users *users = arg;

	if (strcmp(lease->bridge, users->bridge) != 0)
		return 0;
	return err_user(users->e, "bridge %s is in use by %s", users->bridge, lease->owner);
}

static int check_unused(int root_fd, const char *bridge, struct err *e)
{
	auto_net_store struct net_store store = NET_STORE_INIT;
	struct users users = {.bridge = bridge, .e = e};
	int r = net_store_open(root_fd, false, &store, e);

	if (r == NET_E_MISSING)
		return 0;
	return r == 0 ? net_lease_each(&store, refuse_user, &users, e) : r;
}

int net_remove(int root_fd, const char *bridge, struct err *e)
{
	struct net_record nobody = {.owner = "rm:"}; /* no container's id, nor an engine's */
	int r = net_bridge_parse("network", bridge, nobody.bridge, e);

	if (r == 0)
		r = check_unused(root_fd, bridge, e);
	if (r == 0)
		r = net_prune(root_fd, bridge, NULL, NULL, e);
	if (r == 0)
		r = net_detach(root_fd, &nobody, e);
	return r;
}
