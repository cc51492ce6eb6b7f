/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unsupported - members of the specification that cgroup v2 cannot do.
 *
 * They are refused by name: a limit that is silently dropped fails open. What asks for nothing is
 * let through, since engines emit it: empty objects, arrays and strings, and false.
 */
#include "spec/internal.h"

#include <string.h>

#define SWAPPINESS_UNSET "18446744073709551615"

enum shape {
	SHAPE_MEMBERS, /* an object; asks for nothing when all its members are empty or 0 */
	SHAPE_BOOL,
	SHAPE_NUMBER_OR_0, /* 0 means: not set */
	SHAPE_SWAPPINESS   /* 0 is a setting; docker's "not set" is -1 in 64 bits */
};

struct unsupported {
	const char *section, *member;
	enum shape shape;
	const char *why;
};

#define REALTIME    "cgroup v2 gives realtime processes no share of their own: remove it"
#define LEAF_WEIGHT "in cgroup v2 only the leaves have processes: use weight"

static const struct unsupported table[] = {
	{"linux.resources", "network", SHAPE_MEMBERS,
	 "cgroup v2 does not mark or rank packets: use a filter of the network on the cgroup"},
	{"linux.resources.cpu", "realtimeRuntime", SHAPE_NUMBER_OR_0, REALTIME},
	{"linux.resources.cpu", "realtimePeriod", SHAPE_NUMBER_OR_0, REALTIME},
	{"linux.resources.memory", "swappiness", SHAPE_SWAPPINESS,
	 "cgroup v2 has one swappiness for the whole host: remove it"},
	{"linux.resources.memory", "disableOOMKiller", SHAPE_BOOL,
	 "cgroup v2 always ends what is out of memory: remove it"},
	{"linux.resources.blockIO", "leafWeight", SHAPE_NUMBER_OR_0, LEAF_WEIGHT},
	{"linux.resources.blockIO.weightDevice", "leafWeight", SHAPE_NUMBER_OR_0, LEAF_WEIGHT},
};

static bool is_nothing(const struct json *at)
{
	return member_is_empty(at) || member_text_is(at, "0") || member_text_is(at, "false") ||
	       member_text_is(at, "null");
}

/* Whether *ret_asks something; a value of another type is refused as one. */
static int shape_check(const struct json *at, enum shape shape, bool *ret_asks, struct err *e)
{
	struct json it = {0};
	bool flag = false;
	int64_t number;
	uint64_t swappiness;
	int r = 0;

	switch (shape) {
	case SHAPE_BOOL:
		r = json_bool(at, &flag, e);
		break;
	case SHAPE_SWAPPINESS:
		*ret_asks = !member_text_is(at, SWAPPINESS_UNSET);
		return *ret_asks ? json_u64(at, 100, &swappiness, e) : 0;
	case SHAPE_NUMBER_OR_0:
		r = json_i64(at, INT64_MIN, INT64_MAX, &number, e);
		break;
	case SHAPE_MEMBERS:
		*ret_asks = false;
		r = json_want_object(at, e);
		while (r == 0 && json_next(at, &it))
			*ret_asks = *ret_asks || !is_nothing(&it);
		return r;
	}
	*ret_asks = !is_nothing(at);
	return r;
}

int unsupported_refuse(const struct json *obj, const char *section, struct err *e)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct unsupported *u = &table[i];
		bool asks = false;
		struct json at;
		int r;

		if (strcmp(u->section, section) != 0 || !json_member(obj, u->member, &at))
			continue;
		r = shape_check(&at, u->shape, &asks, e);
		if (r < 0)
			return r;
		if (asks)
			return json_refuse(&at, e, "%s", u->why);
	}
	return 0;
}
