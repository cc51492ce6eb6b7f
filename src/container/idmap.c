/* SPDX-License-Identifier: Apache-2.0 */
/*
 * idmap - writes the id maps of a new user namespace, and compares those of one that is joined.
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
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
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

/* --- a namespace that is joined --- */

static bool has_line(const struct spec_id_maps *maps, const unsigned long line[3])
{
	for (size_t i = 0; i < maps->n; i++) {
		const struct spec_id_map *m = &maps->v[i];

		if (line[0] == m->container_id && line[1] == m->host_id && line[2] == m->size)
			return true;
	}
	return false;
}

/* The kernel may have sorted the lines; none is there twice. */
static bool is_same(char *text, const struct spec_id_maps *maps)
{
	size_t n = 0;

	while (*text) {
		unsigned long line[3];

		for (unsigned i = 0; i < 3; i++)
			line[i] = strtoul(text, &text, 10);
		if (!has_line(maps, line))
			return false;
		text += *text == '\n';
		n++;
	}
	return n == maps->n;
}

#define MAP_SIZE_MAX 16384 /* 340 lines of three numbers */

static int compare(pid_t pid, const char *file, const char *member, const struct spec_id_maps *maps,
		   struct err *e)
{
	auto_free char *text = NULL;
	auto_fd int fd = -1;
	char name[64];
	size_t len;
	int r, proc = proc_fd(e);

	if (proc < 0 || maps->n == 0)
		return proc < 0 ? proc : 0;
	(void)snprintf(name, sizeof(name), "%d/%s", (int)pid, file);
	fd = openat(proc, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open /proc/%s", name);
	r = fd_read_all(fd, MAP_SIZE_MAX, name, &text, &len, e);
	if (r < 0 || is_same(text, maps))
		return r;
	return err_user(e,
			"linux.%s are not those of this user namespace: leave them out, or give "
			"those it has",
			member);
}

/* Those in the namespace must not get at what this process has open, so it is not dumpable. */
static _Noreturn void join_and_wait(int ns_fd, int channel)
{
	int failed = 0;

	if (prctl(PR_SET_DUMPABLE, 0) < 0 || setns(ns_fd, CLONE_NEWUSER) < 0)
		failed = errno;
	if (write(channel, &failed, sizeof(failed)) == sizeof(failed))
		wait_for_end(channel);
	_exit(1);
}

static int compare_both(pid_t pid, int channel, const struct spec_id_maps *uids,
			const struct spec_id_maps *gids, struct err *e)
{
	int failed = 0, r;

	if (read(channel, &failed, sizeof(failed)) != sizeof(failed))
		failed = ESRCH;
	if (failed)
		return err_num(e, failed, "join it to read its id maps");
	r = compare(pid, "uid_map", "uidMappings", uids, e);
	return r < 0 ? r : compare(pid, "gid_map", "gidMappings", gids, e);
}

int idmap_check(int ns_fd, const struct spec_id_maps *uids, const struct spec_id_maps *gids,
		struct err *e)
{
	struct clone_args args = {.exit_signal = SIGCHLD};
	auto_fd int ours = -1, theirs = -1;
	int pair[2], r;
	pid_t pid;

	if (uids->n == 0 && gids->n == 0)
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "make a pair of sockets");
	ours = pair[0];
	theirs = pair[1];
	pid = sys_clone3(&args);
	if (pid < 0)
		return err_sys(e, "make a process");
	if (pid == 0) {
		fd_close(&ours);
		join_and_wait(ns_fd, theirs);
	}
	fd_close(&theirs);
	r = compare_both(pid, ours, uids, gids, e);
	fd_close(&ours);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return r;
}
