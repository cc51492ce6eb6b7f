/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delegate - whether the container manages its own cgroup.
 *
 * It does when it has a cgroup namespace of its own and sees it writable at /sys/fs/cgroup
 * (config-linux.md, "cgroup ownership"). Its user, who may be an ordinary one on the host, then
 * gets the directory, so that an init in it can make cgroups for its services.
 *
 * crun's annotation goes one step further: the process begins in a part below, so that the limits
 * stay above what the container manages. The part is entered when the cgroup namespace is there,
 * whose root is the cgroup itself.
 */
#include "container/delegate.h"

#include "container/idmap.h"
#include "container/rootless.h"
#include "tinyrun/cgroup.h"
#include "tinyrun/fd.h"
#include "tinyrun/log.h"
#include "tinyrun/path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
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

const char *delegate_part(const struct spec *spec)
{
	const char *part = spec_annotation_set(spec, SPEC_ANNOTATION_DELEGATE);

	return part ? part + (*part == '/') : NULL;
}

static int enter(const struct spec *spec, int cgroup_fd, const char *part, pid_t pid, struct err *e)
{
	auto_fd int fd = -1;
	char text[16];
	int r;

	if (cgroup_fd < 0)
		return err_user(e, "the container has no cgroup");
	if (mkdirat(cgroup_fd, part, 0755) < 0 && errno != EEXIST)
		return err_sys(e, "make the cgroup %s", part);
	r = path_open_beneath(cgroup_fd, part, O_RDONLY | O_DIRECTORY, 0, &fd, e);
	if (r == 0)
		r = delegate_cgroup(spec, fd, e);
	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	return r < 0 ? r : fd_put(fd, "cgroup.procs", text, e);
}

int delegate_enter(const struct spec *spec, int cgroup_fd, pid_t pid, struct err *e)
{
	const char *part = delegate_part(spec);
	int r = part ? enter(spec, cgroup_fd, part, pid, e) : 0;

	return r < 0 ? err_wrap(e, "annotations: %s",
				spec_annotation_text(SPEC_ANNOTATION_DELEGATE))
		     : 0;
}
