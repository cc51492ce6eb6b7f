/* SPDX-License-Identifier: Apache-2.0 */
/* env - the container's environment: process.env and what we add. */
#include "plan/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool has_name(const char *entry, const char *name)
{
	size_t len = strlen(name);

	return strncmp(entry, name, len) == 0 && entry[len] == '=';
}

/* What process.env says, with room for @more. A HOME that is empty is none, as for runc. */
static struct env given_with_room(struct builder *b, size_t more)
{
	const struct spec_list *given = &b->in->spec->process.env; /* each name once: spec.h */
	struct env env = {.v = calloc(given->n + more + 1, sizeof(*env.v))};

	if (!env.v)
		b->failed = b->failed ? b->failed : -ENOMEM;
	for (size_t i = 0; env.v && i < given->n; i++)
		if (strcmp(given->v[i], "HOME=") != 0)
			env.v[env.n++] = given->v[i];
	return env;
}

struct env env_given(struct builder *b)
{
	return given_with_room(b, 0);
}

static void drop(struct env *env, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < env->n; i++)
		if (!has_name(env->v[i], name))
			env->v[n++] = env->v[i];
	env->n = n;
}

struct env env_make(struct builder *b)
{
	struct env env = given_with_room(b, 3);
	bool listens = b->in->listen_fds > 0, notifies = b->in->notify_dir;

	if (!env.v)
		return env;
	if (listens) {
		drop(&env, "LISTEN_FDS");
		drop(&env, "LISTEN_PID");
	}
	if (notifies)
		drop(&env, "NOTIFY_SOCKET");
	if (listens) {
		env.v[env.n++] = builder_text(b, "LISTEN_FDS=%u", b->in->listen_fds);
		env.v[env.n++] = b->in->reap ? "LISTEN_PID=2" : "LISTEN_PID=1";
	}
	if (notifies)
		env.v[env.n++] = "NOTIFY_SOCKET=" MOUNTS_NOTIFY "/notify.sock";
	return env;
}

void env_done(struct env *env)
{
	free(env->v);
	*env = ENV_INIT;
}

const char *env_get(const struct env *env, const char *name)
{
	for (size_t i = 0; i < env->n; i++)
		if (has_name(env->v[i], name))
			return env->v[i] + strlen(name) + 1;
	return NULL;
}
