/* SPDX-License-Identifier: Apache-2.0 */
/* namespaces - which are new, which are joined, and the clock offsets of a new time namespace. */
#include "spec/internal.h"

#include <linux/sched.h>
#include <string.h>

#define NSEC_MAX 999999999

struct ns_row {
	const char *name, *file;
	uint64_t flag;
};

static const struct ns_row rows[SPEC_NS_MAX] = {
#define X(kind, name, flag, file) [SPEC_NS_##kind] = {name, file, flag},
	SPEC_NAMESPACES(X)
#undef X
};

static const struct member_word types[] = {
#define X(kind, name, flag, file) {name, SPEC_NS_##kind},
	SPEC_NAMESPACES(X)
#undef X
		{NULL, 0},
};

const char *spec_ns_name(enum spec_ns_kind kind)
{
	return rows[kind].name;
}

uint64_t spec_ns_flag(enum spec_ns_kind kind)
{
	return rows[kind].flag;
}

const char *spec_ns_file(enum spec_ns_kind kind)
{
	return rows[kind].file;
}

static int namespace_parse(struct spec *spec, const struct json *at, struct err *e)
{
	uint64_t kind = 0;
	struct spec_ns *ns;
	struct json member;
	int r = json_want_object(at, e);

	if (r == 0)
		r = json_need(at, "type", "a kind of namespace, as \"pid\"", &member, e);
	if (r == 0)
		r = member_word(&member, "", types, "namespace type", &kind, e);
	if (r < 0)
		return r;
	ns = &spec->ns[kind];
	if (ns->present)
		return json_refuse(&member, e,
				   "\"%s\" is already in namespaces[%zu]: one of a type is allowed",
				   rows[kind].name, ns->index);
	ns->present = true;
	ns->index = at->index;
	if (!json_member(at, "path", &member))
		return 0;
	r = json_str(&member, &ns->path, e);
	if (r == 0 && ns->path[0] != '/')
		r = json_refuse(&member, e, "\"%.128s\" is not absolute: it has to begin with '/'",
				ns->path);
	return r;
}

static int time_offset_parse(struct spec *spec, const struct json *at, struct err *e)
{
	struct spec_time_offset *offset = NULL;
	struct opt_u64 nanosecs = {0};
	int r;

	if (strcmp(at->key, "monotonic") == 0)
		offset = &spec->monotonic;
	else if (strcmp(at->key, "boottime") == 0)
		offset = &spec->boottime;
	else
		return json_refuse(
			at, e, "unknown clock \"%.64s\": allowed are monotonic, boottime", at->key);
	r = json_want_object(at, e);
	if (r == 0)
		r = json_get_i64(at, "secs", &offset->secs, e);
	if (r == 0)
		r = member_opt_u64(at, "nanosecs", NSEC_MAX, &nanosecs, e);
	offset->nanosecs = (uint32_t)nanosecs.value;
	offset->set = r == 0;
	return r;
}

static int time_offsets_parse(struct spec *spec, const struct json *linux_obj, struct err *e)
{
	struct json at, it = {0};
	bool found;
	int r = member_object(linux_obj, "timeOffsets", &at, &found, e);

	while (r == 0 && found && json_next(&at, &it))
		r = time_offset_parse(spec, &it, e);
	return r;
}

int namespaces_parse(struct loader *l, const struct json *linux_obj, struct err *e)
{
	struct json at, it = {0};
	bool found;
	int r = member_array(linux_obj, "namespaces", &at, &found, e);

	while (r == 0 && found && json_next(&at, &it))
		r = namespace_parse(l->spec, &it, e);
	return r < 0 ? r : time_offsets_parse(l->spec, linux_obj, e);
}
