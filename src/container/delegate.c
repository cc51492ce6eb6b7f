/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delegate - whether the container manages its own cgroup.
 *
 * It does when it has a cgroup namespace of its own and sees it writable at /sys/fs/cgroup
 * (config-linux.md, "cgroup ownership"). Its user, who may be an ordinary one on the host, then
 * gets the directory, so that an init in it can make cgroups for its services.
 */
#include "container/delegate.h"

#include "container/idmap.h"
#include "container/rootless.h"
#include "tinyrun/cgroup.h"
#include "tinyrun/log.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static bool sees_it_writable(const struct spec *spec)
{
	for (size_t i = 0; i < spec->n_mounts; i++) {
		const struct spec_mount *m = &spec->mounts[i];

		if (!m->bind && m->source && strcmp(m->source, "cgroup") == 0 &&
		    strcmp(m->destination, "/sys/fs/cgroup") == 0)
			return (m->flags & MS_RDONLY) == 0;
	}
	return false;
}

int delegate_cgroup(const struct spec *spec, int cgroup_fd, struct err *e)
{
	const struct spec_ns *cgroup = &spec->ns[SPEC_NS_CGROUP], *user = &spec->ns[SPEC_NS_USER];
	uint32_t uid = spec->process.uid;
	struct err refused = ERR_INIT;
	int r;

	if (!cgroup->present || cgroup->path || !sees_it_writable(spec))
		return 0;
	if (user->present && !idmap_to_host(&spec->uid_map, uid, &uid))
		return 0; /* a joined one, whose maps are its own business */
	if (uid == geteuid())
		return 0;
	r = cgroup_delegate(cgroup_fd, uid, &refused);
	if (r == -EPERM && !rootless_has_cap(CAP_CHOWN)) {
		log_at(LOG_INFO, "the cgroup stays this user's: only root can give it away");
		return 0;
	}
	if (r < 0)
		*e = refused;
	return r;
}
