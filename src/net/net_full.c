/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_full - in the small tinyrun: a network is made, looked at and taken away by the full one.
 *
 * Each of these ends in net_load(), which verbs call before they change anything; it comes back
 * with an error alone.
 */
#include "tinyrun/full.h"
#include "tinyrun/net.h"

int net_load(struct err *e)
{
	return full_become("make or take away a network", e);
}

int net_prepare(int root_fd, const struct net_options *o, const char *owner, struct net_record *ret,
		struct err *e)
{
	(void)root_fd, (void)o, (void)owner, (void)ret;
	return net_load(e);
}

int net_attach(int root_fd, const struct net_record *rec, int netns_fd, struct err *e)
{
	(void)root_fd, (void)rec, (void)netns_fd;
	return net_load(e);
}

int net_detach(int root_fd, const struct net_record *rec, struct err *e)
{
	(void)root_fd, (void)rec;
	return net_load(e);
}

int net_detach_leased(int root_fd, const char *owner, const char *bridge, struct net_record *ret,
		      struct err *e)
{
	(void)root_fd, (void)owner, (void)bridge, (void)ret;
	return net_load(e);
}

int net_move_device(const char *name, const char *new_name, int netns_fd, struct net_moved **moved,
		    struct err *e)
{
	(void)name, (void)new_name, (void)netns_fd, (void)moved;
	return net_load(e);
}

/* Nothing has been moved here. */
void net_moved_put_back(struct net_moved **moved)
{
	(void)moved;
}

void net_moved_free(struct net_moved **moved)
{
	(void)moved;
}
