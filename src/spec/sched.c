/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sched - how the kernel is to treat the process: process.scheduler, process.ioPriority,
 * linux.personality, linux.memoryPolicy.
 */
#include "spec/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NICE_MIN        (-20)
#define NICE_MAX        19
#define PRIORITY_MAX    99
#define IO_PRIORITY_MAX 7

/* Numbers of sched(7); the C library has not all of them. */
enum { POLICY_FIFO = 1, POLICY_RR = 2, POLICY_DEADLINE = 6 };

static const struct member_word policies[] = {
	{"OTHER", 0}, {"FIFO", POLICY_FIFO},         {"RR", POLICY_RR}, {"BATCH", 3}, {"ISO", 4},
	{"IDLE", 5},  {"DEADLINE", POLICY_DEADLINE}, {NULL, 0},
};

static const struct member_word scheduler_flags[] = {
	{"RESET_ON_FORK", 0x01},  {"RECLAIM", 0x02},
	{"DL_OVERRUN", 0x04},     {"KEEP_POLICY", 0x08},
	{"KEEP_PARAMS", 0x10},    {"UTIL_CLAMP_MIN", 0x20},
	{"UTIL_CLAMP_MAX", 0x40}, {NULL, 0},
};

static const struct member_word io_classes[] = {{"RT", 1}, {"BE", 2}, {"IDLE", 3}, {NULL, 0}};

static const struct member_word domains[] = {{"LINUX", 0}, {"LINUX32", 8}, {NULL, 0}};

#define MEMORY_MODES(X) \
	X(DEFAULT)      \
	X(PREFERRED) X(BIND) X(INTERLEAVE) X(LOCAL) X(PREFERRED_MANY) X(WEIGHTED_INTERLEAVE)

/* X(name, bit of set_mempolicy(2)) */
#define MEMORY_FLAGS(X) X(NUMA_BALANCING, 13) X(RELATIVE_NODES, 14) X(STATIC_NODES, 15)

/* clang-format off */
static const struct member_word memory_modes[] = {
#define X(name) {#name, SPEC_MPOL_##name},
	MEMORY_MODES(X)
#undef X
	{NULL, 0},
};

static const struct member_word memory_flags[] = {
#define X(name, bit) {#name, 1u << bit},
	MEMORY_FLAGS(X)
#undef X
	{NULL, 0},
};

const char *const *spec_memory_mode_names(void)
{
	static const char *const names[] = {
#define X(name) "MPOL_" #name,
		MEMORY_MODES(X)
#undef X
		NULL,
	};

	return names;
}

const char *const *spec_memory_flag_names(void)
{
	static const char *const names[] = {
#define X(name, bit) "MPOL_F_" #name,
		MEMORY_FLAGS(X)
#undef X
		NULL,
	};

	return names;
}
/* clang-format on */

/* A required word out of a table. */
static int word_parse(const struct json *obj, const char *key, const char *what, const char *prefix,
		      const struct member_word *words, uint64_t *ret, struct err *e)
{
	struct json at;
	int r = json_need(obj, key, what, &at, e);

	return r < 0 ? r : member_word(&at, prefix, words, key, ret, e);
}

/* The words of the array @key, ored together. */
static int flags_parse(const struct json *obj, const char *prefix, const struct member_word *words,
		       uint64_t *ret, struct err *e)
{
	struct json array, it = {0};
	bool found;
	int r = member_array(obj, "flags", &array, &found, e);

	while (r == 0 && found && json_next(&array, &it)) {
		uint64_t flag = 0;

		r = member_word(&it, prefix, words, "flag", &flag, e);
		*ret |= flag;
	}
	return r;
}

/* --- process.scheduler --- */

/* A member that is there, and not 0, belongs to another policy. */
static int foreign_check(const struct json *obj, const char *key, bool has, const char *policy,
			 struct err *e)
{
	struct json at;

	if (!has || !json_member(obj, key, &at))
		return 0;
	return json_refuse(&at, e, "is only for the policy %s", policy);
}

static int scheduler_check(const struct json *at, const struct spec_scheduler *s, struct err *e)
{
	bool fixed = s->policy == POLICY_FIFO || s->policy == POLICY_RR;
	bool deadline = s->policy == POLICY_DEADLINE;
	int r = foreign_check(at, "priority", s->priority != 0 && !fixed, "SCHED_FIFO or SCHED_RR",
			      e);

	if (r == 0)
		r = foreign_check(at, "runtime", s->runtime != 0 && !deadline, "SCHED_DEADLINE", e);
	if (r == 0)
		r = foreign_check(at, "deadline", s->deadline != 0 && !deadline, "SCHED_DEADLINE",
				  e);
	if (r == 0)
		r = foreign_check(at, "period", s->period != 0 && !deadline, "SCHED_DEADLINE", e);
	return r;
}

static int scheduler_parse(struct spec_scheduler *s, const struct json *process, struct err *e)
{
	struct opt_i64 nice = {0}, priority = {0};
	struct json at;
	bool found;
	uint64_t policy = 0;
	int r = member_object(process, "scheduler", &at, &found, e);

	if (r < 0 || !found)
		return r;
	r = word_parse(&at, "policy", "a policy, as \"SCHED_OTHER\"", "SCHED_", policies, &policy,
		       e);
	if (r == 0)
		r = member_opt_i64(&at, "nice", NICE_MIN, NICE_MAX, &nice, e);
	if (r == 0)
		r = member_opt_i64(&at, "priority", 0, PRIORITY_MAX, &priority, e);
	if (r == 0)
		r = flags_parse(&at, "SCHED_FLAG_", scheduler_flags, &s->flags, e);
	if (r == 0)
		r = json_get_u64(&at, "runtime", &s->runtime, e);
	if (r == 0)
		r = json_get_u64(&at, "deadline", &s->deadline, e);
	if (r == 0)
		r = json_get_u64(&at, "period", &s->period, e);
	s->set = true;
	s->policy = (uint32_t)policy;
	s->nice = (int32_t)nice.value;
	s->priority = (uint32_t)priority.value;
	return r < 0 ? r : scheduler_check(&at, s, e);
}

/* --- process.ioPriority --- */

static int io_priority_parse(struct spec_process *p, const struct json *process, struct err *e)
{
	struct json at;
	bool found;
	uint64_t class = 0, priority = 0;
	int r = member_object(process, "ioPriority", &at, &found, e);

	if (r < 0 || !found)
		return r;
	r = word_parse(&at, "class", "a class, as \"IOPRIO_CLASS_BE\"", "IOPRIO_CLASS_", io_classes,
		       &class, e);
	if (r == 0)
		r = member_need_u64(&at, "priority", "0 (first) to 7", IO_PRIORITY_MAX, &priority,
				    e);
	p->io_class = (uint32_t) class;
	p->io_priority = (uint32_t)priority;
	return r;
}

int sched_parse_process(struct loader *l, const struct json *process, struct err *e)
{
	int r = scheduler_parse(&l->spec->process.scheduler, process, e);

	return r < 0 ? r : io_priority_parse(&l->spec->process, process, e);
}

/* --- linux.personality --- */

static int personality_parse(struct loader *l, const struct json *linux_obj, struct err *e)
{
	struct opt_u64 *personality = &l->spec->personality;
	struct json at, flags;
	bool found;
	int r = member_object(linux_obj, "personality", &at, &found, e);

	if (r < 0 || !found)
		return r;
	r = word_parse(&at, "domain", "\"LINUX\" or \"LINUX32\"", "", domains, &personality->value,
		       e);
	personality->set = r == 0;
	if (r == 0)
		r = member_array(&at, "flags", &flags, &found, e);
	if (r == 0 && found && json_count(&flags) > 0)
		load_warn(l, &flags, "are left out: the specification has no flags yet");
	return r;
}

/* --- linux.memoryPolicy --- */

/* The number at *at, which moves behind it; -1 when there is none or it is too large. */
static int node_parse(const char **at)
{
	int node = 0;

	if (**at < '0' || **at > '9')
		return -1;
	for (; **at >= '0' && **at <= '9'; (*at)++) {
		node = node * 10 + (**at - '0');
		if (node >= SPEC_NODES_MAX)
			return -1;
	}
	return node;
}

/* "0-3,7" as bits. */
static int nodes_fill(const char *s, uint64_t *bits)
{
	for (;;) {
		int first = node_parse(&s), last = first;

		if (first >= 0 && *s == '-') {
			s++;
			last = node_parse(&s);
		}
		if (first < 0 || last < first)
			return -EINVAL;
		for (int node = first; node <= last; node++)
			bits[node / 64] |= UINT64_C(1) << node % 64;
		if (*s == '\0')
			return 0;
		if (*s++ != ',')
			return -EINVAL;
	}
}

static int nodes_parse(struct spec_memory_policy *m, const struct json *policy, struct err *e)
{
	bool none = m->mode == SPEC_MPOL_DEFAULT || m->mode == SPEC_MPOL_LOCAL;
	struct json at;
	const char *s = NULL;
	int r = member_str(policy, "nodes", &s, e);

	if (r < 0)
		return r;
	if (!s && !none && m->mode != SPEC_MPOL_PREFERRED)
		return json_refuse(policy, e, "needs nodes for this mode, as 0-3,7");
	if (!s)
		return 0;
	(void)json_member(policy, "nodes", &at); /* it is there, since it has text */
	if (none)
		return json_refuse(&at, e,
				   "is not for the modes MPOL_DEFAULT and MPOL_LOCAL: remove it");
	m->has_nodes = true;
	if (nodes_fill(s, m->nodes) < 0)
		return json_refuse(&at, e, "\"%.64s\" is not a list of nodes below %d, as 0-3,7", s,
				   SPEC_NODES_MAX);
	return 0;
}

static int memory_policy_parse(struct spec_memory_policy *m, const struct json *linux_obj,
			       struct err *e)
{
	struct json at;
	bool found;
	uint64_t mode = 0, flags = 0;
	int r = member_object(linux_obj, "memoryPolicy", &at, &found, e);

	if (r < 0 || !found)
		return r;
	r = word_parse(&at, "mode", "a mode, as \"MPOL_BIND\"", "MPOL_", memory_modes, &mode, e);
	if (r == 0)
		r = flags_parse(&at, "MPOL_F_", memory_flags, &flags, e);
	m->set = true;
	m->mode = (uint32_t)mode;
	m->flags = (uint32_t)flags;
	return r < 0 ? r : nodes_parse(m, &at, e);
}

int sched_parse_linux(struct loader *l, const struct json *linux_obj, struct err *e)
{
	int r = personality_parse(l, linux_obj, e);

	return r < 0 ? r : memory_policy_parse(&l->spec->memory_policy, linux_obj, e);
}
