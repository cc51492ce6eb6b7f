/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp - linux.seccomp as rules: words become the kernel's numbers, names of system calls stay.
 *
 * Which number a system call has, and what becomes of one that is unknown, is the compiler's
 * business (plan/seccomp). Actions come out as the kernel's SECCOMP_RET_* with the errno in the low
 * bits.
 */
#include "spec/internal.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#define ERRNO_MAX 4095 /* MAX_ERRNO of the kernel: more is cut down to it */
#define ARGS_MAX  6    /* of a system call */

static const struct member_word actions[] = {
	{"KILL", SECCOMP_RET_KILL_THREAD},
	{"KILL_PROCESS", SECCOMP_RET_KILL_PROCESS},
	{"KILL_THREAD", SECCOMP_RET_KILL_THREAD},
	{"TRAP", SECCOMP_RET_TRAP},
	{"ERRNO", SECCOMP_RET_ERRNO},
	{"TRACE", SECCOMP_RET_TRACE},
	{"ALLOW", SECCOMP_RET_ALLOW},
	{"LOG", SECCOMP_RET_LOG},
	{"NOTIFY", SECCOMP_RET_USER_NOTIF},
	{NULL, 0},
};

static const struct member_word operators[] = {
	{"NE", 1}, {"LT", 2}, {"LE", 3},        {"EQ", 4},
	{"GE", 5}, {"GT", 6}, {"MASKED_EQ", 7}, {NULL, 0},
};

static const struct member_word flags[] = {
	{"TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
	{"LOG", SECCOMP_FILTER_FLAG_LOG},
	{"SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
	{"WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV},
	{NULL, 0},
};

#define ARCH(name)       \
	{                \
#name, 0 \
	}

/* What their numbers are is the compiler's business. */
static const struct member_word archs[] = {
	ARCH(X86),         ARCH(X86_64), ARCH(X32),       ARCH(ARM),     ARCH(AARCH64),
	ARCH(MIPS),        ARCH(MIPS64), ARCH(MIPS64N32), ARCH(MIPSEL),  ARCH(MIPSEL64),
	ARCH(MIPSEL64N32), ARCH(PPC),    ARCH(PPC64),     ARCH(PPC64LE), ARCH(S390),
	ARCH(S390X),       ARCH(PARISC), ARCH(PARISC64),  ARCH(RISCV64), ARCH(LOONGARCH64),
	ARCH(M68K),        ARCH(SH),     ARCH(SHEB),      {NULL, 0},
};

/* Action and errno of @obj, whose members are called differently at the top and in a rule. */
static int action_parse(const struct json *obj, const char *key, const char *errno_key,
			uint32_t *ret, struct err *e)
{
	uint64_t action = 0, data = EPERM;
	struct json at;
	bool takes_data;
	int r = json_need(obj, key, "what is done, as \"SCMP_ACT_ERRNO\"", &at, e);

	if (r == 0)
		r = member_word(&at, "SCMP_ACT_", actions, "action", &action, e);
	if (r < 0)
		return r;
	takes_data = action == SECCOMP_RET_ERRNO || action == SECCOMP_RET_TRACE;
	if (json_member(obj, errno_key, &at)) {
		if (!takes_data)
			return json_refuse(&at, e,
					   "goes with SCMP_ACT_ERRNO and SCMP_ACT_TRACE only: "
					   "remove it");
		r = json_u64(&at, action == SECCOMP_RET_ERRNO ? ERRNO_MAX : SECCOMP_RET_DATA, &data,
			     e);
	}
	if (r == 0)
		*ret = (uint32_t)(action | (takes_data ? data : 0));
	return r;
}

static int archs_parse(struct spec_seccomp *s, const struct json *at, struct err *e)
{
	struct json array, it = {0};
	uint64_t ignored;
	int r = member_strings(&s->arena, at, "architectures", &s->archs, e);

	if (r < 0 || s->archs.n == 0)
		return r;
	(void)json_member(at, "architectures", &array); /* it is there, since it has strings */
	while (r == 0 && json_next(&array, &it))
		r = member_word(&it, "SCMP_ARCH_", archs, "architecture", &ignored, e);
	return r;
}

static int flags_parse(struct spec_seccomp *s, const struct json *at, struct err *e)
{
	struct json array, it = {0};
	int r = member_array(at, "flags", &array, &s->flags_present, e);

	while (r == 0 && s->flags_present && json_next(&array, &it)) {
		uint64_t flag = 0;

		r = member_word(&it, "SECCOMP_FILTER_FLAG_", flags, "flag", &flag, e);
		s->flags |= (unsigned long)flag;
	}
	return r;
}

static int arg_parse(const struct json *at, struct spec_seccomp_arg *arg, struct err *e)
{
	uint64_t index = 0, op = 0;
	struct json op_at;
	int r = json_want_object(at, e);

	if (r == 0)
		r = member_need_u64(at, "index", "0 to 5", ARGS_MAX - 1, &index, e);
	if (r == 0)
		r = member_need_u64(at, "value", "a number", UINT64_MAX, &arg->value, e);
	if (r == 0)
		r = json_get_u64(at, "valueTwo", &arg->value_two, e);
	if (r == 0)
		r = json_need(at, "op", "a comparison, as \"SCMP_CMP_EQ\"", &op_at, e);
	if (r == 0)
		r = member_word(&op_at, "SCMP_CMP_", operators, "operator", &op, e);
	arg->index = (unsigned)index;
	arg->op = (unsigned)op;
	return r;
}

static int args_parse(struct spec_seccomp *s, const struct json *rule_at,
		      struct spec_seccomp_rule *rule, struct err *e)
{
	struct json at, it = {0};
	size_t n;
	bool found;
	int r = member_array(rule_at, "args", &at, &found, e);

	if (r < 0 || !found)
		return r;
	rule->args = member_alloc(&s->arena, &at, sizeof(*rule->args), &n);
	if (!rule->args)
		return load_no_memory(e);
	while (r == 0 && json_next(&at, &it)) {
		r = arg_parse(&it, &rule->args[rule->n_args], e);
		if (r == 0)
			rule->n_args++;
	}
	return r;
}

/* Names have to be there and not empty; a listener cannot answer its own write(2). */
static int names_parse(struct spec_seccomp *s, const struct json *rule_at,
		       struct spec_seccomp_rule *rule, struct err *e)
{
	struct json at, it = {0};
	int r = json_need(rule_at, "names", "at least one system call", &at, e);

	if (r == 0)
		r = member_strings(&s->arena, rule_at, "names", &rule->names, e);
	if (r < 0)
		return r;
	if (rule->names.n == 0)
		return json_refuse(&at, e, "is empty: at least one system call is needed");
	for (size_t i = 0; json_next(&at, &it); i++) {
		if (rule->names.v[i][0] == '\0')
			return json_refuse(&it, e, "is empty: the name of a system call is needed");
		if (rule->action == SECCOMP_RET_USER_NOTIF &&
		    strcmp(rule->names.v[i], "write") == 0)
			return json_refuse(&it, e,
					   "SCMP_ACT_NOTIFY for write would stop the start itself: "
					   "another action is needed");
	}
	return 0;
}

static int rule_parse(struct spec_seccomp *s, const struct json *at, struct spec_seccomp_rule *rule,
		      struct err *e)
{
	int r = json_want_object(at, e);

	if (r == 0)
		r = action_parse(at, "action", "errnoRet", &rule->action, e);
	if (r == 0)
		r = names_parse(s, at, rule, e);
	if (r == 0)
		r = args_parse(s, at, rule, e);
	s->notifies = s->notifies || rule->action == SECCOMP_RET_USER_NOTIF;
	return r;
}

static int rules_parse(struct spec_seccomp *s, const struct json *seccomp, struct err *e)
{
	struct json at, it = {0};
	size_t n;
	bool found;
	int r = member_array(seccomp, "syscalls", &at, &found, e);

	if (r < 0 || !found)
		return r;
	s->rules = member_alloc(&s->arena, &at, sizeof(*s->rules), &n);
	if (!s->rules)
		return load_no_memory(e);
	while (r == 0 && json_next(&at, &it)) {
		r = rule_parse(s, &it, &s->rules[s->n_rules], e);
		if (r == 0)
			s->n_rules++;
	}
	return r;
}

/* @receiver: an annotation stands in for listenerPath, or NULL. */
static int listener_parse(struct spec_seccomp *s, const struct json *seccomp, const char *receiver,
			  struct err *e)
{
	struct json at;
	int r = member_str(seccomp, "listenerPath", &s->listener_path, e);

	if (r == 0)
		r = member_str(seccomp, "listenerMetadata", &s->listener_metadata, e);
	if (r < 0)
		return r;
	if (s->listener_path && s->listener_path[0] != '/' &&
	    json_member(seccomp, "listenerPath", &at))
		return json_refuse(&at, e, "\"%.128s\" is not absolute: it has to begin with '/'",
				   s->listener_path);
	if (s->listener_metadata && !s->listener_path && !receiver &&
	    json_member(seccomp, "listenerMetadata", &at))
		return json_refuse(&at, e, "goes with listenerPath only: add that or remove this");
	if (s->notifies && !s->listener_path && !receiver)
		return json_need(seccomp, "listenerPath", "the socket that SCMP_ACT_NOTIFY needs",
				 &at, e);
	return 0;
}

static int seccomp_fill(struct spec_seccomp *s, const struct json *at, const char *receiver,
			struct err *e)
{
	struct json action;
	int r = json_want_object(at, e);

	if (r == 0)
		r = action_parse(at, "defaultAction", "defaultErrnoRet", &s->default_action, e);
	if (r == 0 && s->default_action == SECCOMP_RET_USER_NOTIF &&
	    json_member(at, "defaultAction", &action))
		r = json_refuse(&action, e,
				"SCMP_ACT_NOTIFY cannot be the default: the start itself would "
				"wait for the listener");
	if (r == 0)
		r = archs_parse(s, at, e);
	if (r == 0)
		r = flags_parse(s, at, e);
	if (r == 0)
		r = rules_parse(s, at, e);
	return r < 0 ? r : listener_parse(s, at, receiver, e);
}

static int seccomp_read(struct json_doc *doc, const struct json *at, const char *receiver,
			struct spec_seccomp **ret, struct err *e)
{
	struct spec_seccomp *s = calloc(1, sizeof(*s));
	int r;

	if (!s) {
		json_free(&doc);
		return load_no_memory(e);
	}
	s->doc = doc;
	s->arena = ARENA_INIT;
	r = seccomp_fill(s, at, receiver, e);
	if (r < 0)
		spec_seccomp_free(&s);
	else
		*ret = s;
	return r;
}

int spec_seccomp_parse(const char *text, size_t len, struct spec_seccomp **ret, struct err *e)
{
	struct json_doc *doc = NULL;
	struct json root;
	int r = json_parse(text, len, "linux.seccomp", &doc, e);

	if (r < 0)
		return r;
	root = json_root(doc);
	return seccomp_read(doc, &root, NULL, ret, e);
}

bool spec_seccomp_is_strict(const struct spec *spec)
{
	const char *value = spec_annotation_set(spec, SPEC_ANNOTATION_FAIL_UNKNOWN);

	return value && strcmp(value, "0") != 0;
}

/* The rules of @doc, which is kept where @keep says so, and else outlives them. */
static int seccomp_load(struct json_doc *doc, bool keep, const char *receiver,
			struct spec_seccomp **ret, struct err *e)
{
	struct json root = json_root(doc), linux_obj, at;

	if (json_member(&root, "linux", &linux_obj) && json_member(&linux_obj, "seccomp", &at))
		return seccomp_read(keep ? doc : NULL, &at, receiver, ret, e);
	if (keep)
		json_free(&doc);
	return err_user(e, "linux.seccomp is missing: there are no rules to read");
}

int spec_seccomp_load(const struct spec *spec, struct spec_seccomp **ret, struct err *e)
{
	const char *receiver = spec_annotation_set(spec, SPEC_ANNOTATION_SECCOMP_RECEIVER);
	struct json_doc *whole = NULL;
	int r = 0;

	if (spec->seccomp_unread)
		r = json_parse_whole(spec->doc, &whole, e);
	if (r == 0)
		r = seccomp_load(whole ? whole : spec->doc, whole != NULL, receiver, ret, e);
	if (r == 0)
		(*ret)->fail_unknown = spec_seccomp_is_strict(spec);
	return r;
}

void spec_seccomp_free(struct spec_seccomp **s)
{
	if (!*s)
		return;
	arena_done(&(*s)->arena);
	json_free(&(*s)->doc);
	free(*s);
	*s = NULL;
}
