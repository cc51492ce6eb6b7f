/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rootless - what a caller without the host's privileges may do.
 *
 * An ordinary user gets its rights from the container's new user namespace, and only over what is
 * made in it; root of a user namespace (as podman calls us) has those already. What cannot be had
 * either way is refused before anything is done, since the kernel says EPERM to all of it alike.
 */
#include "container/rootless.h"

#include "tinyrun/container.h"
#include "tinyrun/fd.h"
#include "tinyrun/proc.h"
#include "tinyrun/sys.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The first user namespace has a number that never changes (PROC_USER_INIT_INO). */
#define FIRST_USER_NS 0xEFFFFFFDU

bool rootless_in_user_ns(void)
{
	static enum { NOT_ASKED, FIRST, OTHER } answer; /* this process stays where it is */
	struct err ignored = ERR_INIT;                  /* whoever needs a procfs says so */
	struct stat st;
	int proc = answer == NOT_ASKED ? proc_fd(&ignored) : -1;

	if (proc >= 0 && fstatat(proc, "self/ns/user", &st, 0) == 0)
		answer = st.st_ino == FIRST_USER_NS ? FIRST : OTHER;
	return answer == OTHER;
}

bool rootless_has_cap(unsigned cap)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data) < 0)
		return false;
	return data[cap / 32].effective >> (cap % 32) & 1;
}

bool rootless_lacks_mounts(void)
{
	auto_fd int mounts = -1, owner = -1;
	struct stat theirs, ours;

	if (!rootless_has_cap(CAP_SYS_ADMIN))
		return true;
	if (!rootless_in_user_ns())
		return false;
	mounts = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (mounts >= 0)
		owner = ioctl(mounts, NS_GET_USERNS); /* EPERM: it is one above ours */
	return owner < 0 || fstat(owner, &theirs) < 0 || stat("/proc/self/ns/user", &ours) < 0 ||
	       theirs.st_ino != ours.st_ino;
}

/* As runc does: root of a user namespace is rootless unless it says that it is root for good. */
static bool is_root_by_name(void)
{
	const char *user = getenv("USER");

	return user && strcmp(user, "root") == 0;
}

bool runtime_is_rootless(void)
{
	return geteuid() != 0 || (rootless_in_user_ns() && !is_root_by_name());
}

/* --- what cannot be had --- */

static bool is_new_user_ns(const struct spec *spec)
{
	return spec->ns[SPEC_NS_USER].present && !spec->ns[SPEC_NS_USER].path;
}

static int check_user_ns(const struct spec *spec, struct err *e)
{
	if (spec->ns[SPEC_NS_USER].present || rootless_has_cap(CAP_SYS_ADMIN))
		return 0;
	return err_user(e, "linux.namespaces: an ordinary user can make a container only in a user "
			   "namespace: add {\"type\": \"user\"} with linux.uidMappings and "
			   "linux.gidMappings, as `tinyrun spec --rootless` does");
}

/* The mounts of the host are copied into the container's namespace and bound from there. */
static int check_mount_ns(const struct spec *spec, struct err *e)
{
	bool new_mount_ns = spec->ns[SPEC_NS_MOUNT].present && !spec->ns[SPEC_NS_MOUNT].path;

	if (new_mount_ns && !spec->ns[SPEC_NS_USER].path)
		return 0;
	if (!spec->ns[SPEC_NS_MOUNT].present)
		return 0; /* nothing is mounted */
	return err_user(e,
			"linux.namespaces: the user or mount namespace that it names can be filled "
			"only by who has rights over the mounts outside: enter it first, or leave "
			"the path out for a new one");
}

static int check_idmaps(const struct spec *spec, struct err *e)
{
	for (size_t i = 0; i < spec->n_mounts; i++)
		if (spec->mounts[i].idmap)
			return err_user(e,
					"mounts[%zu]: an id-mapped mount takes rights over the "
					"file system, which an ordinary user has not: leave "
					"idmap out",
					i);
	return 0;
}

/* Its root cannot call setgroups(2): see idmap.c. */
static int check_groups(const struct spec *spec, struct err *e)
{
	const struct spec_process *p = &spec->process;

	if (p->n_groups == 0 || !is_new_user_ns(spec) || rootless_has_cap(CAP_SETGID) ||
	    spec->gid_map.n > 1 || (spec->gid_map.n == 1 && spec->gid_map.v[0].size > 1))
		return 0;
	return err_user(e, "process.user.additionalGids: a user namespace with one id has no "
			   "groups to choose from: leave them out, or map a range of "
			   "/etc/subgid by linux.gidMappings");
}

static int check_rlimits(const struct spec *spec, struct err *e)
{
	const struct spec_process *p = &spec->process;

	for (size_t i = 0; i < p->n_rlimits; i++) {
		const struct spec_rlimit *want = &p->rlimits[i];
		struct rlimit now;

		if (getrlimit(SYS_RLIMIT(want->resource), &now) == 0 && want->hard > now.rlim_max)
			return err_user(e,
					"process.rlimits[%zu]: hard is %llu, which is above the "
					"limit of this user, %llu: only root can raise it",
					i, (unsigned long long)want->hard,
					(unsigned long long)now.rlim_max);
	}
	return 0;
}

int rootless_check(const struct spec *spec, struct err *e)
{
	bool host_rights = !rootless_in_user_ns() && rootless_has_cap(CAP_SYS_RESOURCE);
	int r = check_user_ns(spec, e);

	if (r == 0)
		r = check_groups(spec, e);
	if (r == 0 && !host_rights)
		r = check_rlimits(spec, e);
	if (r < 0 || !rootless_lacks_mounts())
		return r;
	r = check_mount_ns(spec, e);
	return r < 0 ? r : check_idmaps(spec, e);
}
