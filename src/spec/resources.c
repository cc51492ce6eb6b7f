/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resources - linux.resources: what is asked of the cgroup, as struct limits.
 *
 * Values are checked against what the kernel takes and otherwise left as they are; what they become
 * on cgroup v2 is known by cgroup/convert.
 */
#include "spec/internal.h"

#include <string.h>

#define PERIOD_MIN 1000 /* microseconds; the kernel's bounds of cpu.max */
#define PERIOD_MAX 1000000
#define QUOTA_MIN  1000

/* Kernel memory is part of memory.limit, so a limit of its own has nothing left to say. */
static int kernel_memory_parse(struct loader *l, const struct json *memory, struct err *e)
{
	static const char *const keys[] = {"kernel", "kernelTCP"};
	int r = 0;

	for (size_t i = 0; i < 2 && r == 0; i++) {
		struct opt_i64 limit = {0};
		struct json at;

		r = member_opt_i64(memory, keys[i], -1, INT64_MAX, &limit, e);
		if (r == 0 && limit.value > 0 && json_member(memory, keys[i], &at))
			load_warn(l, &at,
				  "is left out: cgroup v2 counts kernel memory in memory.limit");
	}
	return r;
}

static int memory_parse(struct loader *l, const struct json *resources, struct err *e)
{
	struct limits *lim = &l->spec->limits;
	bool hierarchy; /* checked only: cgroup v2 has no other way */
	struct json at;
	bool found;
	int r = member_object(resources, "memory", &at, &found, e);

	if (r < 0 || !found)
		return r;
	r = member_opt_i64(&at, "limit", -1, INT64_MAX, &lim->memory_limit, e);
	if (r == 0)
		r = member_opt_i64(&at, "reservation", -1, INT64_MAX, &lim->memory_reservation, e);
	if (r == 0)
		r = member_opt_i64(&at, "swap", -1, INT64_MAX, &lim->memory_swap, e);
	if (r == 0)
		r = json_get_bool(&at, "checkBeforeUpdate", &lim->memory_check_before_update, e);
	if (r == 0)
		r = json_get_bool(&at, "useHierarchy", &hierarchy, e);
	if (r == 0)
		r = kernel_memory_parse(l, &at, e);
	if (r == 0)
		r = unsupported_refuse(&at, "linux.resources.memory", e);
	return r;
}

/* 0 is "not set" for the period, and anything up to 0 "no limit" for the quota. */
static int bandwidth_check(const struct limits *lim, const struct json *cpu, struct err *e)
{
	uint64_t period = lim->cpu_period.value;
	int64_t quota = lim->cpu_quota.value;
	struct json at;

	if (period != 0 && (period < PERIOD_MIN || period > PERIOD_MAX) &&
	    json_member(cpu, "period", &at))
		return json_refuse(&at, e, "%ju is out of range: allowed are %d to %d microseconds",
				   (uintmax_t)period, PERIOD_MIN, PERIOD_MAX);
	if (quota > 0 && quota < QUOTA_MIN && json_member(cpu, "quota", &at))
		return json_refuse(&at, e,
				   "%jd is out of range: allowed are %d microseconds and more, or "
				   "-1 for no limit",
				   (intmax_t)quota, QUOTA_MIN);
	if (quota > 0 && lim->cpu_burst.value > (uint64_t)quota && json_member(cpu, "burst", &at))
		return json_refuse(&at, e, "the burst %ju is above the quota %jd",
				   (uintmax_t)lim->cpu_burst.value, (intmax_t)quota);
	return 0;
}

static int cpu_parse(struct limits *lim, const struct json *resources, struct err *e)
{
	struct json at;
	bool found;
	int r = member_object(resources, "cpu", &at, &found, e);

	if (r < 0 || !found)
		return r;
	r = member_opt_u64(&at, "shares", UINT64_MAX, &lim->cpu_shares, e);
	if (r == 0)
		r = member_opt_i64(&at, "quota", INT64_MIN, INT64_MAX, &lim->cpu_quota, e);
	if (r == 0)
		r = member_opt_u64(&at, "burst", UINT64_MAX, &lim->cpu_burst, e);
	if (r == 0)
		r = member_opt_u64(&at, "period", UINT64_MAX, &lim->cpu_period, e);
	if (r == 0)
		r = member_opt_i64(&at, "idle", 0, 1, &lim->cpu_idle, e);
	if (r == 0)
		r = member_list(&at, "cpus", &lim->cpuset_cpus, e);
	if (r == 0)
		r = member_list(&at, "mems", &lim->cpuset_mems, e);
	if (r == 0)
		r = bandwidth_check(lim, &at, e);
	if (r == 0)
		r = unsupported_refuse(&at, "linux.resources.cpu", e);
	return r;
}

static int pids_parse(struct limits *lim, const struct json *resources, struct err *e)
{
	struct json at;
	bool found;
	int r = member_object(resources, "pids", &at, &found, e);

	if (r < 0 || !found)
		return r;
	return member_opt_i64(&at, "limit", INT64_MIN, INT64_MAX, &lim->pids_limit, e);
}

static int access_parse(const struct json *rule, struct limits_device *d, struct err *e)
{
	struct json at;
	const char *s;
	int r = json_need(rule, "access", "letters of rwm", &at, e);

	if (r == 0)
		r = json_str(&at, &s, e);
	if (r < 0)
		return r;
	if (s[0] == '\0' || s[strspn(s, "rwm")] != '\0')
		return json_refuse(&at, e, "\"%.64s\" is no access: allowed are letters of rwm", s);
	d->read = strchr(s, 'r') != NULL;
	d->write = strchr(s, 'w') != NULL;
	d->mknod = strchr(s, 'm') != NULL;
	return 0;
}

static int device_parse(const struct json *at, struct limits_device *d, struct err *e)
{
	static const struct member_word types[] = {{"a", 'a'}, {"b", 'b'}, {"c", 'c'}, {NULL, 0}};
	uint64_t letter = 'a';
	struct json member;
	int r = json_want_object(at, e);

	if (r == 0)
		r = json_need(at, "allow", "true or false", &member, e);
	if (r == 0)
		r = json_bool(&member, &d->allow, e);
	if (r == 0 && json_member(at, "type", &member))
		r = member_word(&member, "", types, "device type", &letter, e);
	d->type = (char)letter;
	if (r == 0)
		r = member_opt_i64(at, "major", -1, UINT32_MAX, &d->major, e);
	if (r == 0)
		r = member_opt_i64(at, "minor", -1, UINT32_MAX, &d->minor, e);
	if (r == 0)
		r = access_parse(at, d, e);
	return r;
}

static int device_rules_parse(struct loader *l, const struct json *resources, struct err *e)
{
	struct limits *lim = &l->spec->limits;
	struct json at, it = {0};
	size_t n;
	bool found;
	int r = member_array(resources, "devices", &at, &found, e);

	if (r < 0 || !found)
		return r;
	lim->devices = member_alloc(&l->spec->arena, &at, sizeof(*lim->devices), &n);
	if (!lim->devices)
		return load_no_memory(e);
	while (r == 0 && json_next(&at, &it)) {
		r = device_parse(&it, &lim->devices[lim->n_devices], e);
		if (r == 0)
			lim->n_devices++;
	}
	return r;
}

/* A cgroup file's name, CONTROLLER.PARAMETER, and nothing that leads elsewhere. */
static bool is_cgroup_file(const char *s)
{
	const char *dot = strchr(s, '.');

	return dot && dot != s && dot[1] != '\0' && dot[1] != '.' && !strchr(s, '/');
}

static int unified_parse(struct loader *l, const struct json *resources, struct err *e)
{
	struct limits *lim = &l->spec->limits;
	struct json at, it = {0};
	size_t n;
	bool found;
	int r = member_object(resources, "unified", &at, &found, e);

	if (r < 0 || !found)
		return r;
	lim->unified = member_alloc(&l->spec->arena, &at, sizeof(*lim->unified), &n);
	if (!lim->unified)
		return load_no_memory(e);
	while (r == 0 && json_next(&at, &it)) {
		struct limits_unified *u = &lim->unified[lim->n_unified];

		if (!is_cgroup_file(it.key))
			return json_refuse(
				&it, e,
				"\"%.64s\" is not a cgroup file: a name as memory.high is "
				"allowed",
				it.key);
		u->file = it.key;
		r = json_str(&it, &u->value, e);
		if (r == 0)
			lim->n_unified++;
	}
	return r;
}

int resources_parse_object(struct loader *l, const struct json *resources, struct err *e)
{
	struct limits *lim = &l->spec->limits;
	int r = json_want_object(resources, e);

	l->spec->has_resources = true;
	if (r == 0)
		r = memory_parse(l, resources, e);
	if (r == 0)
		r = cpu_parse(lim, resources, e);
	if (r == 0)
		r = pids_parse(lim, resources, e);
	if (r == 0)
		r = device_rules_parse(l, resources, e);
	if (r == 0)
		r = block_io_parse(l, resources, e);
	if (r == 0)
		r = hugepages_parse(l, resources, e);
	if (r == 0)
		r = rdma_parse(l, resources, e);
	if (r == 0)
		r = unified_parse(l, resources, e);
	if (r == 0)
		r = unsupported_refuse(resources, "linux.resources", e);
	return r;
}

int resources_parse(struct loader *l, const struct json *linux_obj, struct err *e)
{
	struct json at;
	bool found;
	int r = member_object(linux_obj, "resources", &at, &found, e);

	return r < 0 || !found ? r : resources_parse_object(l, &at, e);
}
