/* SPDX-License-Identifier: Apache-2.0 */
/*
 * idmap - writes the id maps of a new user namespace.
 *
 * Who has CAP_SETUID and CAP_SETGID outside of it writes what it likes. Anybody else may map one
 * id, its own, and has to give up setgroups(2) for the group (CVE-2014-8989); for more than that
 * there are newuidmap(1) and newgidmap(1).
 */
#include "container/idmap.h"

#include "container/newidmap.h"
#include "container/rootless.h"
#include "tinyrun/buf.h"
#include "tinyrun/fd.h"
#include "tinyrun/proc.h"
#include "tinyrun/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

uint32_t idmap_owner(const struct spec_id_maps *map)
{
	for (size_t i = 0; i < map->n; i++)
		if (map->v[i].container_id == 0)
			return 0;
	return map->n ? map->v[0].container_id : 0;
}

bool idmap_to_host(const struct spec_id_maps *map, uint32_t id, uint32_t *ret)
{
	for (size_t i = 0; i < map->n; i++) {
		const struct spec_id_map *m = &map->v[i];

		if (id >= m->container_id && id - m->container_id < m->size) {
			*ret = m->host_id + (id - m->container_id);
			return true;
		}
	}
	return false;
}

static int put(pid_t pid, const char *file, const char *text, struct err *e)
{
	char name[64];
	int proc = proc_fd(e);

	if (proc < 0)
		return proc;
	(void)snprintf(name, sizeof(name), "%d/%s", (int)pid, file);
	return fd_put(proc, name, text, e);
}

static int write_map(pid_t pid, const char *file, const struct spec_id_maps *map, struct err *e)
{
	auto_buf struct buf text = BUF_INIT;
	int r;

	for (size_t i = 0; i < map->n; i++)
		buf_addf(&text, "%u %u %u\n", map->v[i].container_id, map->v[i].host_id,
			 map->v[i].size);
	r = buf_check(&text, e);
	return r < 0 ? r : put(pid, file, text.data ? text.data : "", e);
}

/* What everybody may do is to map one id, the own one. user_namespaces(7) */
static bool is_own(const struct spec_id_maps *map, uint32_t id)
{
	return map->n == 1 && map->v[0].size == 1 && map->v[0].host_id == id;
}

static int write_gids(pid_t pid, const struct spec_id_maps *gids, struct err *e)
{
	int r = 0;

	if (rootless_has_cap(CAP_SETGID))
		return write_map(pid, "gid_map", gids, e);
	if (!is_own(gids, getegid()))
		return newidmap_write(NEWGIDMAP, pid, gids, e);
	r = put(pid, "setgroups", "deny", e);
	return r < 0 ? r : write_map(pid, "gid_map", gids, e);
}

static int write_uids(pid_t pid, const struct spec_id_maps *uids, struct err *e)
{
	if (rootless_has_cap(CAP_SETUID) || is_own(uids, geteuid()))
		return write_map(pid, "uid_map", uids, e);
	return newidmap_write(NEWUIDMAP, pid, uids, e);
}

int idmap_write(pid_t pid, const struct spec_id_maps *uids, const struct spec_id_maps *gids,
		struct err *e)
{
	int r = write_gids(pid, gids, e);

	if (r < 0)
		return err_wrap(e, "linux.gidMappings");
	r = write_uids(pid, uids, e);
	return r < 0 ? err_wrap(e, "linux.uidMappings") : 0;
}

/* Reads until the other end is closed: it is here only so that its namespace can be opened. */
static _Noreturn void wait_for_end(int fd)
{
	char byte;

	while (read(fd, &byte, 1) < 0 && errno == EINTR)
		;
	_exit(0);
}

static int open_ns(pid_t pid, int *ret_fd, struct err *e)
{
	char name[64];
	int proc = proc_fd(e);

	if (proc < 0)
		return proc;
	(void)snprintf(name, sizeof(name), "%d/ns/user", (int)pid);
	*ret_fd = openat(proc, name, O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? err_sys(e, "open /proc/%s", name) : 0;
}

int idmap_namespace(const struct spec_id_maps *uids, const struct spec_id_maps *gids, int *ret_fd,
		    struct err *e)
{
	struct clone_args args = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
	auto_fd int read_end = -1, write_end = -1, fd = -1;
	int pair[2], r;
	pid_t pid;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	read_end = pair[0];
	write_end = pair[1];
	pid = sys_clone3(&args);
	if (pid < 0)
		return err_sys(e, "make a user namespace");
	if (pid == 0) {
		fd_close(&write_end);
		wait_for_end(read_end);
	}
	r = idmap_write(pid, uids, gids, e);
	if (r == 0)
		r = open_ns(pid, &fd, e);
	fd_close(&write_end);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (r == 0)
		*ret_fd = fd_take(&fd);
	return r;
}
