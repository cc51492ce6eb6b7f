/* SPDX-License-Identifier: Apache-2.0 */
#include "container/idmap.h"

#include "tinyrun/buf.h"
#include "tinyrun/fd.h"
#include "tinyrun/proc.h"

#include <stdio.h>
#include <unistd.h>

uint32_t idmap_owner(const struct spec_id_maps *map)
{
	for (size_t i = 0; i < map->n; i++)
		if (map->v[i].container_id == 0)
			return 0;
	return map->n ? map->v[0].container_id : 0;
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

int idmap_write(pid_t pid, const struct spec_id_maps *uids, const struct spec_id_maps *gids,
		struct err *e)
{
	int r = 0;

	if (geteuid() != 0)
		r = put(pid, "setgroups", "deny", e);
	if (r == 0)
		r = write_map(pid, "gid_map", gids, e);
	if (r < 0)
		return err_wrap(e, "linux.gidMappings");
	r = write_map(pid, "uid_map", uids, e);
	return r < 0 ? err_wrap(e, "linux.uidMappings") : 0;
}
