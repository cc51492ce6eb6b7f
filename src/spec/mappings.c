/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mappings - linux.uidMappings and gidMappings, and those of a mount: which ids of the container
 * are which of the host's.
 *
 * The kernel refuses a map as a whole, with EINVAL; here each line of it is checked, so that the
 * message can name the one that is wrong.
 */
#include "spec/internal.h"

#define LINES_MAX 340 /* UID_GID_MAP_MAX_EXTENTS of the kernel */

static bool ranges_meet(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size)
{
	return (uint64_t)a < (uint64_t)b + b_size && (uint64_t)b < (uint64_t)a + a_size;
}

bool mappings_cover(const struct spec_id_maps *maps, uint32_t id)
{
	for (size_t i = 0; i < maps->n; i++)
		if (ranges_meet(id, 1, maps->v[i].container_id, maps->v[i].size))
			return true;
	return false;
}

/* Against the lines before it: neither the container's nor the host's ids may come twice. */
static int overlap_check(const struct json *at, const struct spec_id_maps *maps, struct err *e)
{
	const struct spec_id_map *m = &maps->v[maps->n];

	for (size_t i = 0; i < maps->n; i++) {
		const struct spec_id_map *o = &maps->v[i];
		bool inside = ranges_meet(m->container_id, m->size, o->container_id, o->size);

		if (inside || ranges_meet(m->host_id, m->size, o->host_id, o->size))
			return json_refuse(at, e,
					   "its %s ids overlap those of entry %zu: each id may be "
					   "mapped once",
					   inside ? "container" : "host", i);
	}
	return 0;
}

static int mapping_parse(const struct json *at, struct spec_id_map *m, struct err *e)
{
	uint64_t size = 0;
	struct json member;
	int r = json_want_object(at, e);

	if (r == 0)
		r = member_need_id(at, "containerID", "the first id in the container",
				   &m->container_id, e);
	if (r == 0)
		r = member_need_id(at, "hostID", "the first id on the host", &m->host_id, e);
	if (r == 0)
		r = json_need(at, "size", "how many ids are mapped", &member, e);
	if (r == 0)
		r = json_u64(&member, UINT32_MAX, &size, e);
	if (r < 0)
		return r;
	m->size = (uint32_t)size;
	if (size == 0)
		return json_refuse(&member, e, "is 0: at least 1 id has to be mapped");
	if (size + m->container_id > UINT32_MAX || size + m->host_id > UINT32_MAX)
		return json_refuse(
			&member, e, "%u ids from %u on go beyond the last one, %u", m->size,
			m->container_id > m->host_id ? m->container_id : m->host_id, SPEC_ID_MAX);
	return 0;
}

int mappings_list_parse(struct loader *l, const struct json *obj, const char *key,
			struct spec_id_maps *maps, struct err *e)
{
	struct json at, it = {0};
	size_t n;
	bool found;
	int r = member_array(obj, key, &at, &found, e);

	if (r < 0 || !found)
		return r;
	maps->v = member_alloc(&l->spec->arena, &at, sizeof(*maps->v), &n);
	if (!maps->v)
		return load_no_memory(e);
	if (n > LINES_MAX)
		return json_refuse(&at, e, "has %zu entries: the kernel allows %d", n, LINES_MAX);
	while (r == 0 && json_next(&at, &it)) {
		r = mapping_parse(&it, &maps->v[maps->n], e);
		if (r == 0)
			r = overlap_check(&it, maps, e);
		if (r == 0)
			maps->n++;
	}
	return r;
}

int mappings_parse(struct loader *l, const struct json *linux_obj, struct err *e)
{
	int r = mappings_list_parse(l, linux_obj, "uidMappings", &l->spec->uid_map, e);

	return r < 0 ? r : mappings_list_parse(l, linux_obj, "gidMappings", &l->spec->gid_map, e);
}
