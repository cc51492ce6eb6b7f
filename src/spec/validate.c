/* SPDX-License-Identifier: Apache-2.0 */
/*
 * validate - what is wrong only when two sections are seen together.
 *
 * Most of it is one rule: what changes a namespace needs one of its own, or the host's would be
 * changed. Each rule points at the member that asks, and says what would make it right.
 */
#include "spec/internal.h"

#include <stdlib.h>
#include <string.h>

#include "tinyrun/str.h"

/* What asks for a namespace by being there. Those of the top level have no parent. */
struct ns_rule {
	const char *parent, *member;
	enum spec_ns_kind needs;
};

static const struct ns_rule ns_rules[] = {
	{NULL, "hostname", SPEC_NS_UTS},           {NULL, "domainname", SPEC_NS_UTS},
	{NULL, "mounts", SPEC_NS_MOUNT},           {"linux", "maskedPaths", SPEC_NS_MOUNT},
	{"linux", "readonlyPaths", SPEC_NS_MOUNT}, {"linux", "rootfsPropagation", SPEC_NS_MOUNT},
	{"linux", "uidMappings", SPEC_NS_USER},    {"linux", "gidMappings", SPEC_NS_USER},
	{"linux", "timeOffsets", SPEC_NS_TIME},    {"linux", "netDevices", SPEC_NS_NETWORK},
};

static int ns_check(const struct spec *spec, const struct json *root, struct err *e)
{
	for (size_t i = 0; i < sizeof(ns_rules) / sizeof(ns_rules[0]); i++) {
		const struct ns_rule *rule = &ns_rules[i];
		struct json linux_obj, at;
		const struct json *parent = root;

		if (spec->ns[rule->needs].present)
			continue;
		if (rule->parent) {
			if (!json_member(root, rule->parent, &linux_obj))
				continue;
			parent = &linux_obj;
		}
		if (json_member(parent, rule->member, &at) && !member_is_empty(&at))
			return json_refuse(&at, e,
					   "needs a %s namespace: add {\"type\": \"%s\"} to "
					   "linux.namespaces",
					   spec_ns_name(rule->needs), spec_ns_name(rule->needs));
	}
	return 0;
}

/* A read-only root is a remount, and that of the host's if there is no namespace. */
static int root_check(const struct spec *spec, const struct json *root, struct err *e)
{
	struct json obj, at;

	if (!spec->root_readonly || spec->ns[SPEC_NS_MOUNT].present)
		return 0;
	if (!json_member(root, "root", &obj) || !json_member(&obj, "readonly", &at))
		return 0;
	return json_refuse(
		&at, e, "needs a mount namespace: add {\"type\": \"mount\"} to linux.namespaces");
}

/* Offsets are written before the first process enters, so a joined namespace has its own already.
 */
static int time_check(const struct spec *spec, const struct json *linux_obj, struct err *e)
{
	struct json at;

	if ((!spec->monotonic.set && !spec->boottime.set) || !spec->ns[SPEC_NS_TIME].path)
		return 0;
	if (!json_member(linux_obj, "timeOffsets", &at))
		return 0;
	return json_refuse(&at, e,
			   "cannot be set for the namespace that linux.namespaces[%zu].path joins",
			   spec->ns[SPEC_NS_TIME].index);
}

/* A new user namespace has no ids before it is mapped; a joined one has its mappings already. */
static int user_ns_check(const struct spec *spec, const struct json *linux_obj, struct err *e)
{
	const struct spec_ns *ns = &spec->ns[SPEC_NS_USER];
	struct json array, at = {0};

	if (!ns->present || ns->path || (spec->uid_map.n > 0 && spec->gid_map.n > 0))
		return 0;
	if (!json_member(linux_obj, "namespaces", &array))
		return 0;
	while (json_next(&array, &at))
		if (at.index == ns->index)
			return json_refuse(&at, e,
					   "a new user namespace needs linux.%sMappings with at "
					   "least one entry",
					   spec->uid_map.n == 0 ? "uid" : "gid");
	return 0;
}

/* Whether the ids of the container are known to be those of these maps. */
static bool ids_are_mapped(const struct spec *spec)
{
	return spec->ns[SPEC_NS_USER].present && spec->uid_map.n > 0 && spec->gid_map.n > 0;
}

static int id_check(const struct json *at, const struct spec_id_maps *maps, uint32_t id,
		    const char *list, struct err *e)
{
	if (mappings_cover(maps, id))
		return 0;
	return json_refuse(at, e, "%u is not mapped: add it to linux.%s", id, list);
}

static int user_check(const struct spec *spec, const struct json *root, struct err *e)
{
	const struct spec_process *p = &spec->process;
	struct json process, user, at, array, it = {0};
	int r = 0;

	if (!ids_are_mapped(spec) || !json_member(root, "process", &process) ||
	    !json_member(&process, "user", &user))
		return 0;
	if (json_member(&user, "uid", &at))
		r = id_check(&at, &spec->uid_map, p->uid, "uidMappings", e);
	if (r == 0 && json_member(&user, "gid", &at))
		r = id_check(&at, &spec->gid_map, p->gid, "gidMappings", e);
	if (r < 0 || !json_member(&user, "additionalGids", &array))
		return r;
	for (size_t i = 0; r == 0 && json_next(&array, &it); i++)
		r = id_check(&it, &spec->gid_map, p->groups[i], "gidMappings", e);
	return r;
}

/* uid= and gid= of a file system are ids of the container. */
static int mount_ids_check(const struct spec *spec, const struct spec_mount *m,
			   const struct json *mount, struct err *e)
{
	struct json options, it = {0};
	int r = 0;

	if (m->bind || !m->data || !json_member(mount, "options", &options))
		return 0;
	for (size_t i = 0; r == 0 && json_next(&options, &it); i++) {
		const char *s = m->options.v[i];
		bool is_uid = str_starts(s, "uid=");
		uint64_t id;

		if ((!is_uid && !str_starts(s, "gid=")) || str_to_u64(s + 4, SPEC_ID_MAX, &id) < 0)
			continue; /* the file system judges other forms */
		r = id_check(&it, is_uid ? &spec->uid_map : &spec->gid_map, (uint32_t)id,
			     is_uid ? "uidMappings" : "gidMappings", e);
	}
	return r;
}

/* Ids can be mapped as the mount says, or else as the container's user namespace does. */
static int idmaps_check(const struct spec *spec, const struct json *root, struct err *e)
{
	struct json mounts, it = {0};

	if (spec->ns[SPEC_NS_USER].present || !json_member(root, "mounts", &mounts))
		return 0;
	for (size_t i = 0; json_next(&mounts, &it); i++)
		if (spec->mounts[i].idmap && spec->mounts[i].uid_map.n == 0)
			return json_refuse(&it, e,
					   "has the option idmap: it needs uidMappings and "
					   "gidMappings, or a user namespace whose it takes");
	return 0;
}

static int mounts_check(const struct spec *spec, const struct json *root, struct err *e)
{
	struct json mounts, it = {0};
	int r = 0;

	if (!ids_are_mapped(spec) || !json_member(root, "mounts", &mounts))
		return 0;
	for (size_t i = 0; r == 0 && json_next(&mounts, &it); i++)
		r = mount_ids_check(spec, &spec->mounts[i], &it, e);
	return r;
}

/* memory.swap is memory and swap together, so it is not below the limit nor without one. */
static int swap_check(const struct limits *lim, const struct json *linux_obj, struct err *e)
{
	struct json resources, memory, at;

	if (!lim->memory_swap.set || lim->memory_swap.value <= 0)
		return 0;
	if (!json_member(linux_obj, "resources", &resources) ||
	    !json_member(&resources, "memory", &memory) || !json_member(&memory, "swap", &at))
		return 0;
	if (lim->memory_limit.value == 0) /* as good as absent */
		return json_refuse(&at, e, "needs memory.limit too: swap is the sum of both");
	if (lim->memory_limit.value > lim->memory_swap.value)
		return json_refuse(
			&at, e, "%jd is below memory.limit, %jd: swap is the sum of both",
			(intmax_t)lim->memory_swap.value, (intmax_t)lim->memory_limit.value);
	return 0;
}

int validate_spec(struct loader *l, const struct json *root, struct err *e)
{
	const struct spec *spec = l->spec;
	struct json linux_obj;
	int r = ns_check(spec, root, e);

	if (r == 0)
		r = root_check(spec, root, e);
	if (r == 0)
		r = idmaps_check(spec, root, e);
	if (r < 0 || !json_member(root, "linux", &linux_obj))
		return r;
	r = time_check(spec, &linux_obj, e);
	if (r == 0)
		r = user_ns_check(spec, &linux_obj, e);
	if (r == 0)
		r = user_check(spec, root, e);
	if (r == 0)
		r = mounts_check(spec, root, e);
	if (r == 0)
		r = sysctl_check(spec, &linux_obj, e);
	if (r == 0)
		r = swap_check(&spec->limits, &linux_obj, e);
	return r;
}
