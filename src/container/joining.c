/* SPDX-License-Identifier: Apache-2.0 */
/*
 * joining - which namespaces may be joined.
 *
 * A container in a mount namespace gets its root by pivot_root(2), which changes the root of
 * everybody in it. So one is joined only as long as nobody lives there: one that was prepared, and
 * is kept by a file. Nor may names or kernel parameters of a namespace be set that is the host's,
 * but for the names that it has already.
 * What the configuration says of a user namespace's ids has to be true of it.
 */
#include "container/joining.h"

#include "container/idmap.h"
#include "tinyrun/fd.h"
#include "tinyrun/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

const char *joining_file(const struct plan_fd *want)
{
	for (unsigned i = 0; i < SPEC_NS_MAX; i++)
		if (spec_ns_flag((enum spec_ns_kind)i) == want->ns_flag)
			return spec_ns_file((enum spec_ns_kind)i);
	return "mnt";
}

/* Whether the process of that name in procfs is in the namespace. */
static bool is_in(int proc, const char *process, const char *file, const struct stat *ns)
{
	struct stat st;
	char path[64];

	(void)snprintf(path, sizeof(path), "%.32s/ns/%s", process, file);
	return fstatat(proc, path, &st, 0) == 0 && st.st_ino == ns->st_ino &&
	       st.st_dev == ns->st_dev;
}

/* All processes are asked, which is slow; but hardly anybody joins a mount namespace. */
static int check_empty(int proc, const struct plan_fd *want, const struct stat *ns, struct err *e)
{
	int fd = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	if (!dir) {
		r = err_sys(e, "list the processes");
		fd_close(&fd);
		return r;
	}
	while (r == 0 && (entry = readdir(dir)))
		if (entry->d_name[strspn(entry->d_name, "0123456789")] == '\0' &&
		    is_in(proc, entry->d_name, "mnt", ns))
			r = err_user(e,
				     "%s is the mount namespace of process %.16s, whose root would "
				     "be replaced: leave the path out for a new one",
				     want->path, entry->d_name);
	(void)closedir(dir);
	return r;
}

/* Whether our own uts namespace has the names that are to be set. */
static bool is_so_named(const struct plan_fd *want)
{
	struct utsname now;

	return uname(&now) == 0 && (!want->hostname || strcmp(want->hostname, now.nodename) == 0) &&
	       (!want->domainname || strcmp(want->domainname, now.domainname) == 0);
}

/* Of a namespace of which something is to be set. */
static int check_host(int proc, const struct plan_fd *want, const struct stat *ns, struct err *e)
{
	const char *file = joining_file(want);
	bool is_own = is_in(proc, "self", file, ns);

	if (!is_own && !is_in(proc, "1", file, ns))
		return 0;
	if (is_own && !want->not_host && is_so_named(want))
		return 0;
	return err_user(e, "%s is the host's namespace: %slinux.sysctl would change the host",
			want->path,
			want->ns_flag == CLONE_NEWUTS ? "hostname, domainname or " : "");
}

int joining_check(int fd, const struct plan_fd *want, struct err *e)
{
	struct stat ns;
	int proc;

	if (want->ns_flag == CLONE_NEWUSER)
		return idmap_check(fd, &want->uid_map, &want->gid_map, e);
	if (want->ns_flag != CLONE_NEWNS && !want->not_host && !want->hostname && !want->domainname)
		return 0;
	proc = proc_fd(e);
	if (proc < 0)
		return proc;
	if (fstat(fd, &ns) < 0)
		return err_sys(e, "stat a namespace");
	return want->ns_flag == CLONE_NEWNS ? check_empty(proc, want, &ns, e)
					    : check_host(proc, want, &ns, e);
}

int joining_is_own_user(pid_t pid, bool *ret, struct err *e)
{
	struct stat theirs, ours;
	char name[48];
	int proc = proc_fd(e);

	if (proc < 0)
		return proc;
	(void)snprintf(name, sizeof(name), "%d/ns/user", (int)pid);
	if (fstatat(proc, name, &theirs, 0) < 0 || fstatat(proc, "self/ns/user", &ours, 0) < 0)
		return err_sys(e, "look at the container's user namespace");
	*ret = theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev;
	return 0;
}
