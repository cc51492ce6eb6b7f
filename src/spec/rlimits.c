/* SPDX-License-Identifier: Apache-2.0 */
/* rlimits - process.rlimits: sixteen resources, each at most once, soft never above hard. */
#include "spec/internal.h"

#include <stdio.h>
#include <sys/resource.h>

#define RESOURCE(name)               \
	{                            \
#name, RLIMIT_##name \
	}

static const struct member_word resources[] = {
	RESOURCE(AS),     RESOURCE(CORE),   RESOURCE(CPU),        RESOURCE(DATA),
	RESOURCE(FSIZE),  RESOURCE(LOCKS),  RESOURCE(MEMLOCK),    RESOURCE(MSGQUEUE),
	RESOURCE(NICE),   RESOURCE(NOFILE), RESOURCE(NPROC),      RESOURCE(RSS),
	RESOURCE(RTPRIO), RESOURCE(RTTIME), RESOURCE(SIGPENDING), RESOURCE(STACK),
	{NULL, 0},
};

static int rlimit_parse(const struct json *at, uint32_t *seen, struct spec_rlimit *ret,
			struct err *e)
{
	uint64_t resource = 0;
	struct json type;
	int r = json_want_object(at, e);

	if (r == 0)
		r = json_need(at, "type", "a name such as RLIMIT_NOFILE", &type, e);
	if (r == 0)
		r = member_word(&type, "RLIMIT_", resources, "resource", &resource, e);
	if (r < 0)
		return r;
	if (*seen & (1u << resource))
		return json_refuse(&type, e, "is limited twice: one entry a resource is allowed");
	*seen |= 1u << resource;
	ret->resource = (int)resource;
	r = member_need_u64(at, "soft", "a number", UINT64_MAX, &ret->soft, e);
	if (r == 0)
		r = member_need_u64(at, "hard", "a number", UINT64_MAX, &ret->hard, e);
	if (r == 0 && ret->soft > ret->hard)
		r = json_refuse(at, e, "the soft limit %ju is above the hard limit %ju",
				(uintmax_t)ret->soft, (uintmax_t)ret->hard);
	return r;
}

int rlimits_parse(struct loader *l, const struct json *process, struct err *e)
{
	struct spec_process *p = &l->spec->process;
	struct json at, it = {0};
	uint32_t seen = 0;
	size_t n;
	bool found;
	int r = member_array(process, "rlimits", &at, &found, e);

	if (r < 0 || !found)
		return r;
	p->rlimits = member_alloc(&l->spec->arena, &at, sizeof(*p->rlimits), &n);
	if (!p->rlimits)
		return load_no_memory(e);
	while (r == 0 && json_next(&at, &it)) {
		r = rlimit_parse(&it, &seen, &p->rlimits[p->n_rlimits], e);
		if (r == 0)
			p->n_rlimits++;
	}
	return r;
}
