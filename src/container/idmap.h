/* SPDX-License-Identifier: Apache-2.0 */
/* idmap - writes the id maps of a new user namespace. user_namespaces(7). */
#ifndef CONTAINER_IDMAP_H
#define CONTAINER_IDMAP_H

#include "tinyrun/err.h"
#include "tinyrun/spec.h"

#include <stdbool.h>
#include <sys/types.h>

/* The id that init has while it works: 0 when it is mapped, else the first that is. */
uint32_t idmap_owner(const struct spec_id_maps *map);
/* The host's id for @id; false when it is not mapped. */
bool idmap_to_host(const struct spec_id_maps *map, uint32_t id, uint32_t *ret);
/*
 * Writes both maps for the child @pid, which waits in its new user namespace. An unprivileged
 * caller gives up setgroups(2) first (CVE-2014-8989).
 */
int idmap_write(pid_t pid, const struct spec_id_maps *uids, const struct spec_id_maps *gids,
		struct err *e);

/*
 * Refuses the user namespace @ns_fd when its maps are others; an empty list says nothing. A process
 * is made for that, since only processes show maps.
 */
int idmap_check(int ns_fd, const struct spec_id_maps *uids, const struct spec_id_maps *gids,
		struct err *e);

/* A user namespace that nobody is in, for an id-mapped mount. *ret_fd is the caller's. */
int idmap_namespace(const struct spec_id_maps *uids, const struct spec_id_maps *gids, int *ret_fd,
		    struct err *e);

#endif
