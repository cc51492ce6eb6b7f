/* SPDX-License-Identifier: Apache-2.0 */
/* hooks - six lists of programs that run beside the container's life. */
#include "spec/internal.h"

#include <string.h>

/* Seconds, about 24 days: as milliseconds it still is an int, which is what poll(2) takes. */
#define TIMEOUT_MAX 2147483

static const char *const list_names[SPEC_HOOK_MAX] = {
	[SPEC_HOOK_PRESTART] = "prestart",
	[SPEC_HOOK_CREATE_RUNTIME] = "createRuntime",
	[SPEC_HOOK_CREATE_CONTAINER] = "createContainer",
	[SPEC_HOOK_START_CONTAINER] = "startContainer",
	[SPEC_HOOK_POSTSTART] = "poststart",
	[SPEC_HOOK_POSTSTOP] = "poststop",
};

const char *spec_hook_name(enum spec_hook_kind kind)
{
	return list_names[kind];
}

/* An absolute path is all that is asked of it: ".." is the administrator's business. */
static int path_parse(const struct json *hook, const char **ret, struct err *e)
{
	struct json at;
	int r = json_need(hook, "path", "the absolute path of a program", &at, e);

	if (r == 0)
		r = json_str(&at, ret, e);
	if (r == 0 && (*ret)[0] != '/')
		r = json_refuse(&at, e, "\"%.128s\" is not absolute: it has to begin with '/'",
				*ret);
	return r;
}

static int hook_parse(struct loader *l, const struct json *at, struct spec_hook *hook,
		      struct err *e)
{
	struct opt_i64 timeout = {0};
	int r = json_want_object(at, e);

	if (r == 0)
		r = path_parse(at, &hook->path, e);
	if (r == 0)
		r = member_strings(&l->spec->arena, at, "args", &hook->args, e);
	if (r == 0)
		r = member_env(&l->spec->arena, at, "env", &hook->env, e);
	if (r == 0)
		r = member_opt_i64(at, "timeout", 1, TIMEOUT_MAX, &timeout, e);
	if (r < 0)
		return r;
	hook->timeout = (int)timeout.value;
	if (hook->args.n > 0)
		return 0;
	hook->args.v = arena_alloc(&l->spec->arena, 2 * sizeof(*hook->args.v));
	if (!hook->args.v)
		return load_no_memory(e);
	hook->args.v[0] = hook->path;
	hook->args.n = 1;
	return 0;
}

static int list_parse(struct loader *l, const struct json *hooks, enum spec_hook_kind kind,
		      struct err *e)
{
	struct spec_hooks *list = &l->spec->hooks[kind];
	struct json at, it = {0};
	size_t n;
	bool found;
	int r = member_array(hooks, list_names[kind], &at, &found, e);

	if (r < 0 || !found)
		return r;
	list->v = member_alloc(&l->spec->arena, &at, sizeof(*list->v), &n);
	if (!list->v)
		return load_no_memory(e);
	while (r == 0 && json_next(&at, &it)) {
		r = hook_parse(l, &it, &list->v[list->n], e);
		if (r == 0)
			list->n++;
	}
	return r;
}

int hooks_parse(struct loader *l, const struct json *root, struct err *e)
{
	struct json at;
	bool found;
	int r = member_object(root, "hooks", &at, &found, e);

	if (r < 0 || !found)
		return r;
	for (int kind = 0; r == 0 && kind < SPEC_HOOK_MAX; kind++)
		r = list_parse(l, &at, (enum spec_hook_kind)kind, e);
	return r;
}
