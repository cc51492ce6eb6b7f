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

struct env env_make(struct builder *b)
{
	const struct spec_list *given = &b->in->spec->process.env; /* each name once: spec.h */
	struct env env = {.v = calloc(given->n + 4, sizeof(*env.v))};
	bool listens = b->in->listen_fds > 0, notifies = b->in->notify_dir;

	if (!env.v) {
		b->failed = b->failed ? b->failed : -ENOMEM;
		return env;
	}
	for (size_t i = 0; i < given->n; i++)
		if (!(listens && (has_name(given->v[i], "LISTEN_FDS") ||
				  has_name(given->v[i], "LISTEN_PID"))) &&
		    !(notifies && has_name(given->v[i], "NOTIFY_SOCKET")))
			env.v[env.n++] = given->v[i];
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
