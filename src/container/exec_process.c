/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec_process - what `exec` is to run.
 *
 * The configuration is our own copy of the one that the container was made from. Whatever a
 * process.json does not say is inherited from it, above all what takes rights away: capabilities,
 * resource limits, no_new_privs. On the command line a number is a number and never a name, and
 * what does not fit is refused (CVE-2016-3697, CVE-2026-30892).
 */
#include "container/exec_process.h"

#include "container/state.h"
#include "tinyrun/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>

#define ID_MAX (UINT32_MAX - 1) /* the last number is "leave it" to setresuid(2) */

static int no_memory(struct err *e)
{
	return err_num(e, ENOMEM, "put the process together");
}

/* --- the command line --- */

static int parse_id(const char *what, const char *text, uint32_t *ret, struct err *e)
{
	uint64_t id;

	if (str_to_u64(text, ID_MAX, &id) < 0)
		return err_user(e, "%s: found \"%s\", want a number from 0 to %u", what, text,
				ID_MAX);
	*ret = (uint32_t)id;
	return 0;
}

static int set_user(struct exec_process *p, const char *user, struct err *e)
{
	struct spec_process *to = &p->merged.process;
	char *uid = arena_strdup(&p->arena, user), *gid;
	int r;

	if (!uid)
		return no_memory(e);
	gid = strchr(uid, ':');
	if (gid)
		*gid++ = '\0';
	r = parse_id("--user", uid, &to->uid, e);
	return r == 0 && gid ? parse_id("--user", gid, &to->gid, e) : r;
}

static int add_groups(struct exec_process *p, const struct container_exec *o, struct err *e)
{
	struct spec_process *to = &p->merged.process;
	uint32_t *groups =
		arena_alloc(&p->arena, (to->n_groups + o->n_groups + 1) * sizeof(*groups));
	int r = 0;

	if (!groups)
		return no_memory(e);
	if (to->n_groups)
		memcpy(groups, to->groups, to->n_groups * sizeof(*groups));
	to->groups = groups;
	for (size_t i = 0; i < o->n_groups && r == 0; i++)
		r = parse_id("--additional-gids", o->groups[i], &groups[to->n_groups++], e);
	return r;
}

/* The place of the entry with the name of @entry; behind the last one when there is none. */
static size_t env_place(const struct spec_list *env, const char *entry)
{
	size_t len = strcspn(entry, "=") + 1, i = 0;

	while (i < env->n && strncmp(env->v[i], entry, len) != 0)
		i++;
	return i;
}

static int add_env(struct exec_process *p, const struct container_exec *o, struct err *e)
{
	struct spec_list *env = &p->merged.process.env;
	const char **v = arena_alloc(&p->arena, (env->n + o->n_env + 1) * sizeof(*v));

	if (!v)
		return no_memory(e);
	if (env->n)
		memcpy(v, env->v, env->n * sizeof(*v));
	env->v = v;
	for (size_t i = 0; i < o->n_env; i++) {
		size_t place = env_place(env, o->env[i]);

		if (!strchr(o->env[i], '=') || o->env[i][0] == '=')
			return err_user(e, "--env: found \"%s\", want NAME=VALUE", o->env[i]);
		v[place] = o->env[i];
		env->n += place == env->n;
	}
	return 0;
}

/* CAP_KILL, and as people write it: kill. */
static int find_cap(const char *name, uint64_t *ret, struct err *e)
{
	const char *const *names = spec_capability_names();
	size_t skip = strncasecmp(name, "CAP_", 4) == 0 ? 0 : 4;
	const char *near;

	for (size_t i = 0; names[i]; i++) {
		if (strcasecmp(names[i] + skip, name) == 0) {
			*ret = UINT64_C(1) << i;
			return 0;
		}
	}
	near = str_nearest(name, names);
	return err_user(e, "--cap: unknown capability \"%s\"%s%s%s", name,
			near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

/* Inheritable is left alone, and so is ambient where that does not let it in (CVE-2022-29162). */
static int add_caps(struct exec_process *p, const struct container_exec *o, struct err *e)
{
	struct spec_process *to = &p->merged.process;

	for (size_t i = 0; i < o->n_caps; i++) {
		uint64_t cap;
		int r = find_cap(o->caps[i], &cap, e);

		if (r < 0)
			return r;
		to->caps_present = true;
		to->caps[SPEC_CAP_BOUNDING] |= cap;
		to->caps[SPEC_CAP_EFFECTIVE] |= cap;
		to->caps[SPEC_CAP_PERMITTED] |= cap;
		to->caps[SPEC_CAP_AMBIENT] |= cap & to->caps[SPEC_CAP_INHERITABLE];
	}
	return 0;
}

static int set_args(struct exec_process *p, const struct container_exec *o, struct err *e)
{
	const char **v = arena_alloc(&p->arena, (o->n_args + 1) * sizeof(*v));

	if (!v)
		return no_memory(e);
	if (o->n_args == 0 || o->args[0][0] == '\0')
		return err_user(e, "executable path is empty: name the program");
	memcpy(v, o->args, o->n_args * sizeof(*v));
	p->merged.process.args = (struct spec_list){.v = v, .n = o->n_args};
	return 0;
}

static int from_command_line(struct exec_process *p, const struct container_exec *o, struct err *e)
{
	struct spec_process *to = &p->merged.process;
	int r = set_args(p, o, e);

	to->terminal = o->tty;
	if (!o->tty)
		to->console_height = to->console_width = 0;
	if (r == 0 && o->user)
		r = set_user(p, o->user, e);
	if (r == 0)
		r = add_groups(p, o, e);
	if (r == 0)
		r = add_env(p, o, e);
	if (r == 0)
		r = add_caps(p, o, e);
	if (r == 0 && o->cwd && o->cwd[0] != '/')
		r = err_user(e, "--cwd: found \"%s\", want an absolute path", o->cwd);
	if (o->cwd)
		to->cwd = o->cwd;
	return r;
}

/* --- process.json --- */

static int from_file(struct exec_process *p, const struct container_exec *o, struct err *e)
{
	const struct spec_process *container = &p->container->process;
	struct spec_process *to = &p->merged.process;
	int r = spec_load_process(AT_FDCWD, o->process, NULL, &p->file, e);

	if (r < 0)
		return err_wrap(e, "--process");
	*to = p->file->process;
	to->terminal |= o->tty;
	if (!to->caps_present) {
		to->caps_present = container->caps_present;
		memcpy(to->caps, container->caps, sizeof(to->caps));
	}
	if (to->n_rlimits == 0) {
		to->rlimits = container->rlimits;
		to->n_rlimits = container->n_rlimits;
	}
	if (!to->apparmor_profile)
		to->apparmor_profile = container->apparmor_profile;
	if (!to->selinux_label)
		to->selinux_label = container->selinux_label;
	if (!to->no_new_privileges_set)
		to->no_new_privileges = container->no_new_privileges;
	if (!to->oom_score_adj.set)
		to->oom_score_adj = container->oom_score_adj;
	return 0;
}

/* Also beside a process.json: a label that is silently dropped would fail open. */
static void set_labels(struct spec_process *to, const struct container_exec *o)
{
	if (o->process_label && *o->process_label)
		to->selinux_label = o->process_label;
	if (o->apparmor && *o->apparmor)
		to->apparmor_profile = o->apparmor;
}

int exec_process_load(int dir_fd, const struct container_exec *o, struct exec_process *ret,
		      struct err *e)
{
	int r = spec_load(dir_fd, STATE_CONFIG, NULL, &ret->container, e);

	if (r < 0)
		return err_wrap(e, "read what the container was made from");
	ret->merged = *ret->container;
	r = o->process ? from_file(ret, o, e) : from_command_line(ret, o, e);
	set_labels(&ret->merged.process, o);
	if (o->no_new_privs)
		ret->merged.process.no_new_privileges = true;
	return r;
}

void exec_process_done(struct exec_process *p)
{
	spec_free(&p->container);
	spec_free(&p->file);
	arena_done(&p->arena);
}
