/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks - the lists that run inside the container's namespaces, and where init waits for those that
 * the runtime runs.
 */
#include "plan/internal.h"

static struct plan_step *plan_hook(struct builder *b, enum spec_hook_kind list, size_t i,
				   const struct spec_list *env)
{
	const struct spec_hook *hook = &b->in->spec->hooks[list].v[i];
	const char *origin = builder_text(b, "hooks.%s[%zu]", spec_hook_name(list), i);
	struct plan_step *step = builder_step(b, STEP_HOOK, origin);

	step->hook.list = list;
	step->hook.index = (uint32_t)i;
	step->hook.exec_slot = PLAN_NO_SLOT;
	step->hook.cwd_slot = PLAN_NO_SLOT;
	step->hook.stdout_slot = step->hook.stderr_slot = PLAN_NO_SLOT;
	step->hook.path = builder_str(b, hook->path);
	step->hook.argv = builder_strs(b, hook->args.v, hook->args.n);
	step->hook.envp = builder_strs(b, env->v, env->n);
	step->hook.timeout_ms = (uint32_t)hook->timeout * 1000;
	step->hook.state_tail = builder_str(b, b->in->state_tail);
	return step;
}

static uint32_t output_slot(struct builder *b, enum spec_annotation_name name)
{
	const char *path = spec_annotation_set(b->in->spec, name);
	uint32_t slot = PLAN_NO_SLOT;

	if (path)
		(void)builder_slot(b, PLAN_FD_OUTPUT,
				   builder_text(b, "annotations: %s", spec_annotation_text(name)),
				   path, NULL, &slot);
	return slot;
}

/*
 * Do: let the runtime move interfaces and run prestart and createRuntime hooks, then run
 * createContainer hooks, whose programs and working directory are the host's.
 * Must not yet: enter the new root, or protect paths that a hook may still want to fill.
 */
void hooks_plan_create(struct builder *b)
{
	const struct spec_hooks *lists = b->in->spec->hooks;
	const struct spec_hooks *hooks = &lists[SPEC_HOOK_CREATE_CONTAINER];
	uint32_t cwd_slot, stdout_slot, stderr_slot;

	if (lists[SPEC_HOOK_PRESTART].n || lists[SPEC_HOOK_CREATE_RUNTIME].n ||
	    b->in->spec->n_net_devices)
		(void)builder_step(b, STEP_HOOKS, "hooks");
	if (hooks->n) {
		(void)builder_slot(b, PLAN_FD_DIRECTORY, "hooks.createContainer", NULL, NULL,
				   &cwd_slot);
		stdout_slot = output_slot(b, SPEC_ANNOTATION_HOOKS_STDOUT);
		stderr_slot = output_slot(b, SPEC_ANNOTATION_HOOKS_STDERR);
	}
	for (size_t i = 0; i < hooks->n; i++) {
		struct plan_step *step =
			plan_hook(b, SPEC_HOOK_CREATE_CONTAINER, i, &hooks->v[i].env);
		uint32_t slot;

		(void)builder_slot(b, PLAN_FD_PROGRAM,
				   builder_text(b, "hooks.createContainer[%zu].path", i),
				   hooks->v[i].path, NULL, &slot);
		step->hook.exec_slot = slot;
		step->hook.cwd_slot = cwd_slot;
		step->hook.stdout_slot = stdout_slot;
		step->hook.stderr_slot = stderr_slot;
		step->hook.state_head = builder_str(b, b->in->state_head[0]);
	}
}

/*
 * Do: run startContainer hooks in the container, as its user; without an environment of their own
 * they get the process's with its HOME, as runc does. They are programs of the container's: no file
 * of the host's is for them to write to.
 * Must not before: `start` has been said.
 */
void hooks_plan_start(struct builder *b)
{
	const struct spec *spec = b->in->spec;
	const struct spec_hooks *hooks = &spec->hooks[SPEC_HOOK_START_CONTAINER];
	auto_env struct env env = hooks->n ? env_given(b) : ENV_INIT;
	const struct spec_list given = {.v = env.v, .n = env.n};

	for (size_t i = 0; i < hooks->n; i++) {
		const struct spec_list *own = &hooks->v[i].env;
		struct plan_step *step =
			plan_hook(b, SPEC_HOOK_START_CONTAINER, i, own->n ? own : &given);

		if (own->n == 0)
			step->flags = PLAN_WITH_HOME;
		step->hook.state_head = builder_str(b, b->in->state_head[1]);
	}
}
