/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process - the section of that name: what is run, as whom, where, with which environment.
 *
 * Capabilities and resource limits have files of their own. The whole section may be absent; who
 * needs it (create does) asks for `present`.
 */
#include "spec/internal.h"

#include <limits.h>
#include <string.h>

#define OOM_ADJ_MAX 1000
#define GROUPS_MAX  65536 /* NGROUPS_MAX of the kernel */
#define UMASK_MAX   0777

static int args_parse(struct loader *l, const struct json *process, struct err *e)
{
	struct spec_list *args = &l->spec->process.args;
	struct json at, first = {0};
	int r = json_need(process, "args", "the program and its arguments", &at, e);

	if (r == 0)
		r = member_strings(&l->spec->arena, process, "args", args, e);
	if (r < 0)
		return r;
	if (args->n == 0)
		return json_refuse(&at, e, "is empty: at least the program is needed");
	if (args->v[0][0] == '\0') {
		(void)json_next(&at, &first); /* there is one */
		return json_refuse(&first, e, "executable path is empty: name the program");
	}
	return 0;
}

static int console_parse(struct spec_process *p, const struct json *process, struct err *e)
{
	uint64_t height, width;
	struct json at;
	bool found;
	int r = member_object(process, "consoleSize", &at, &found, e);

	if (r < 0 || !found)
		return r;
	r = member_need_u64(&at, "height", "a number of rows", USHRT_MAX, &height, e);
	if (r == 0)
		r = member_need_u64(&at, "width", "a number of columns", USHRT_MAX, &width, e);
	if (r < 0 || !p->terminal) /* without a terminal it is checked and ignored */
		return r;
	p->console_height = (uint32_t)height;
	p->console_width = (uint32_t)width;
	return 0;
}

static int groups_parse(struct loader *l, const struct json *user, struct err *e)
{
	struct spec_process *p = &l->spec->process;
	struct json at, it = {0};
	size_t n;
	bool found;
	int r = member_array(user, "additionalGids", &at, &found, e);

	if (r < 0 || !found)
		return r;
	p->groups = member_alloc(&l->spec->arena, &at, sizeof(*p->groups), &n);
	if (!p->groups)
		return load_no_memory(e);
	if (n > GROUPS_MAX)
		return json_refuse(&at, e, "has %zu groups: the kernel allows %d", n, GROUPS_MAX);
	while (r == 0 && json_next(&at, &it)) {
		r = member_id(&it, &p->groups[p->n_groups], e);
		if (r == 0)
			p->n_groups++;
	}
	return r;
}

static int user_parse(struct loader *l, const struct json *process, struct err *e)
{
	struct spec_process *p = &l->spec->process;
	struct json at;
	int r = json_need(process, "user", "an object with uid and gid", &at, e);

	if (r == 0)
		r = json_want_object(&at, e);
	if (r == 0)
		r = member_need_id(&at, "uid", "a number as the container sees it", &p->uid, e);
	if (r == 0)
		r = member_need_id(&at, "gid", "a number as the container sees it", &p->gid, e);
	if (r == 0)
		r = member_opt_u64(&at, "umask", UMASK_MAX, &p->umask, e);
	return r < 0 ? r : groups_parse(l, &at, e);
}

static int cwd_parse(struct spec_process *p, const struct json *process, struct err *e)
{
	struct json at;
	int r = json_need(process, "cwd", "an absolute directory", &at, e);

	if (r == 0)
		r = json_str(&at, &p->cwd, e);
	if (r < 0)
		return r;
	if (p->cwd[0] != '/')
		return json_refuse(&at, e, "\"%.128s\" is not absolute: it has to begin with '/'",
				   p->cwd);
	return 0;
}

/* Of what is executed in the container later; its first process has the cgroup's processors. */
static int exec_affinity_parse(struct spec_process *p, const struct json *process, struct err *e)
{
	struct json at;
	bool found;
	int r = member_object(process, "execCPUAffinity", &at, &found, e);

	if (r < 0 || !found)
		return r;
	r = member_list(&at, "initial", &p->exec_cpus_initial, e);
	return r < 0 ? r : member_list(&at, "final", &p->exec_cpus_final, e);
}

int process_parse_object(struct loader *l, const struct json *process, struct err *e)
{
	struct spec_process *p = &l->spec->process;
	struct json at;
	int r = json_want_object(process, e);

	p->present = true;
	if (r == 0)
		r = json_get_bool(process, "terminal", &p->terminal, e);
	if (r == 0)
		r = console_parse(p, process, e);
	if (r == 0)
		r = user_parse(l, process, e);
	if (r == 0)
		r = args_parse(l, process, e);
	if (r == 0)
		r = member_env(&l->spec->arena, process, "env", &p->env, e);
	if (r == 0)
		r = cwd_parse(p, process, e);
	if (r == 0)
		r = caps_parse(l, process, e);
	if (r == 0)
		r = rlimits_parse(l, process, e);
	p->no_new_privileges_set = json_member(process, "noNewPrivileges", &at);
	if (r == 0)
		r = json_get_bool(process, "noNewPrivileges", &p->no_new_privileges, e);
	if (r == 0)
		r = member_opt_i64(process, "oomScoreAdj", -OOM_ADJ_MAX, OOM_ADJ_MAX,
				   &p->oom_score_adj, e);
	if (r == 0)
		r = exec_affinity_parse(p, process, e);
	if (r == 0)
		r = sched_parse_process(l, process, e);
	if (r == 0)
		r = member_label(process, "apparmorProfile", &p->apparmor_profile, e);
	return r < 0 ? r : member_label(process, "selinuxLabel", &p->selinux_label, e);
}

int process_parse(struct loader *l, const struct json *root, struct err *e)
{
	struct json at;
	int r = member_object(root, "process", &at, &l->spec->process.present, e);

	return r < 0 || !l->spec->process.present ? r : process_parse_object(l, &at, e);
}
