/* SPDX-License-Identifier: Apache-2.0 */
/* env - the container's environment: process.env, what we add, each name once. */
#include "plan/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static size_t name_len(const char *entry)
{
	return strcspn(entry, "=");
}

static int compare_names(const char *a, const char *b)
{
	size_t na = name_len(a), nb = name_len(b);
	int d = memcmp(a, b, na < nb ? na : nb);

	return d ? d : (na > nb) - (na < nb);
}

/* By name, then by place in the list. */
static int compare_places(const void *a, const void *b)
{
	const char *const *x = *(const char *const *const *)a;
	const char *const *y = *(const char *const *const *)b;
	int d = compare_names(*x, *y);

	return d ? d : (x > y) - (x < y);
}

/* Two readers of one environment must not see two values: the last entry of a name stays. */
static int drop_repeated(struct env *env)
{
	const char ***places = calloc(env->n + 1, sizeof(*places));
	size_t kept = 0;

	if (!places)
		return -ENOMEM;
	for (size_t i = 0; i < env->n; i++)
		places[i] = &env->v[i];
	qsort(places, env->n, sizeof(*places), compare_places);
	for (size_t i = 0; i < env->n; i++)
		if (i + 1 == env->n || compare_names(*places[i], *places[i + 1]) != 0)
			places[i] = NULL; /* stays */
	for (size_t i = 0; i < env->n; i++)
		if (places[i])
			*places[i] = NULL;
	for (size_t i = 0; i < env->n; i++)
		if (env->v[i])
			env->v[kept++] = env->v[i];
	env->n = kept;
	free(places);
	return 0;
}

struct env env_make(struct builder *b)
{
	const struct spec_list *given = &b->in->spec->process.env;
	struct env env = {.v = calloc(given->n + 3, sizeof(*env.v))};

	if (!env.v) {
		b->failed = b->failed ? b->failed : -ENOMEM;
		return env;
	}
	for (size_t i = 0; i < given->n; i++)
		env.v[env.n++] = given->v[i];
	if (b->in->listen_fds > 0) {
		env.v[env.n++] = builder_text(b, "LISTEN_FDS=%u", b->in->listen_fds);
		env.v[env.n++] = "LISTEN_PID=1";
	}
	if (drop_repeated(&env) < 0)
		b->failed = b->failed ? b->failed : -ENOMEM;
	return env;
}

void env_done(struct env *env)
{
	free(env->v);
	*env = ENV_INIT;
}

const char *env_get(const struct env *env, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < env->n; i++)
		if (name_len(env->v[i]) == len && memcmp(env->v[i], name, len) == 0)
			return env->v[i][len] == '=' ? env->v[i] + len + 1 : "";
	return NULL;
}
