/* SPDX-License-Identifier: Apache-2.0 */
/* process - the program: its terminal, limits, directory, environment, and the exec. */
#include "plan/internal.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

/*
 * Do: open a terminal in the container's devpts and make it stdio.
 * Must not yet: enter the new root; must not before: devpts is mounted and a session started.
 */
void process_plan_console(struct builder *b)
{
	const struct spec_process *p = &b->in->spec->process;
	struct plan_step *step;

	if (!p->terminal)
		return;
	step = builder_step(b, STEP_CONSOLE, "process.terminal");
	step->console.height = p->console_height;
	step->console.width = p->console_width;
	step->console.uid = p->uid;
	step->flags = namespaces_join_pid(b->in) ? PLAN_OF_CHILD : 0;
	step->console.on_dev_console =
		b->in->spec->ns[SPEC_NS_MOUNT].present && b->in->mode != PLAN_EXEC;
}

/*
 * Do: say which profile and label the exec at the end puts into force.
 * Must not before: the runtime's hooks and the container's have run outside of it.
 * Must not yet: enter the new root, whose /proc and /sys are the container's; no_new_privs, which
 * may rule the change out.
 */
void process_plan_labels(struct builder *b)
{
	const struct spec_process *p = &b->in->spec->process;
	struct plan_step *step;

	if (p->selinux_label) {
		step = builder_step(b, STEP_SELINUX_LABEL, "process.selinuxLabel");
		step->text.name = builder_str(b, p->selinux_label);
	}
	if (p->apparmor_profile) {
		step = builder_step(b, STEP_APPARMOR, "process.apparmorProfile");
		step->text.name = builder_str(b, p->apparmor_profile);
		if (strcmp(p->apparmor_profile, "unconfined") == 0)
			step->flags = PLAN_IGNORE_MISSING; /* so is everything without AppArmor */
	}
}

static void plan_scheduler(struct builder *b, const struct spec_scheduler *from)
{
	struct plan_step *step = builder_step(b, STEP_SCHEDULER, "process.scheduler");

	step->scheduler.policy = from->policy;
	step->scheduler.nice = from->nice;
	step->scheduler.priority = from->priority;
	step->scheduler.flags = from->flags;
	step->scheduler.runtime = from->runtime;
	step->scheduler.deadline = from->deadline;
	step->scheduler.period = from->period;
}

static void plan_memory_policy(struct builder *b, const struct spec_memory_policy *from)
{
	struct plan_step *step = builder_step(b, STEP_MEMORY_POLICY, "linux.memoryPolicy");

	step->memory_policy.mode = from->mode;
	step->memory_policy.flags = from->flags;
	if (from->has_nodes)
		step->memory_policy.nodes = builder_array(b, from->nodes, sizeof(from->nodes));
}

/*
 * Do: say how the kernel treats the process.
 * Must not yet: give up CAP_SYS_NICE, or load a filter, which may forbid these calls.
 */
void process_plan_treatment(struct builder *b)
{
	const struct spec *spec = b->in->spec;
	const struct spec_process *p = &spec->process;

	if (p->scheduler.set)
		plan_scheduler(b, &p->scheduler);
	if (p->io_class) {
		struct plan_step *step = builder_step(b, STEP_IO_PRIORITY, "process.ioPriority");

		step->io_priority.class = p->io_class;
		step->io_priority.priority = p->io_priority;
	}
	if (spec->personality.set)
		builder_step(b, STEP_PERSONALITY, "linux.personality")->personality.domain =
			(uint32_t)spec->personality.value;
	if (spec->memory_policy.set)
		plan_memory_policy(b, &spec->memory_policy);
}

/*
 * Do: set resource limits.
 * Must not yet: give up the capability that raising a hard limit takes.
 */
void process_plan_limits(struct builder *b)
{
	const struct spec_process *p = &b->in->spec->process;

	for (size_t i = 0; i < p->n_rlimits; i++) {
		struct plan_step *step =
			builder_step(b, STEP_RLIMIT, builder_text(b, "process.rlimits[%zu]", i));

		step->rlimit.resource = (uint32_t)p->rlimits[i].resource;
		step->rlimit.soft = p->rlimits[i].soft;
		step->rlimit.hard = p->rlimits[i].hard;
	}
}

/*
 * Do: go to the working directory, making it when it is missing and the container is new.
 * Must not before: the new root is "/"; init checks that it stands inside (CVE-2024-21626).
 */
void process_plan_cwd(struct builder *b)
{
	const char *cwd = b->in->spec->process.cwd;

	struct plan_step *step = builder_step(b, STEP_CWD, "process.cwd");

	step->path.path = builder_str(b, cwd ? cwd : "/");
	if (b->in->mode == PLAN_EXEC)
		step->flags = PLAN_EXISTING;
}

/* --- finding the program --- */

/* execvp(3): each directory of PATH; an empty one is the working directory. */
static uint32_t candidates_of(struct builder *b, const char *name, const char *path)
{
	struct buf list = BUF_INIT;
	uint32_t at;

	while (path && *name) {
		size_t len = strcspn(path, ":");

		if (len + strlen(name) + 2 <= PATH_MAX) { /* the kernel takes no longer one */
			uint32_t offset = builder_strf(b, "%.*s/%s", len ? (int)len : 1,
						       len ? path : ".", name);

			buf_add(&list, &offset, sizeof(offset));
		}
		path = path[len] ? path + len + 1 : NULL;
	}
	buf_add(&list, &(uint32_t){0}, sizeof(uint32_t));
	if (list.failed)
		b->failed = b->failed ? b->failed : -ENOMEM;
	at = builder_array(b, list.data, list.len);
	buf_done(&list);
	return at;
}

/*
 * Do: set HOME where it is missing, look the program up as the user who will run it.
 * Must not before: user and capabilities are final, or a program that the user may not execute
 * would be found.
 */
int process_plan_find(struct builder *b, struct err *e)
{
	const struct spec_process *p = &b->in->spec->process;
	auto_env struct env env = env_make(b);
	struct plan_step *step;
	const char *name;

	if (p->args.n == 0)
		return err_user(e, "process.args: is missing: a program to run is needed");
	name = p->args.v[0];
	if (!env_get(&env, "HOME"))
		builder_step(b, STEP_HOME, "")->home.uid = p->uid;
	step = builder_step(b, STEP_FIND, "process.args");
	step->find.name = builder_str(b, name);
	if (strchr(name, '/'))
		step->find.candidates = builder_strs(b, &name, 1);
	else
		step->find.candidates = candidates_of(b, name, env_get(&env, "PATH"));
	return 0;
}

/*
 * Do: wait until `start`.
 * Must not before: everything that can fail for a reason of the configuration has been done, so
 * that create reports it.
 */
void process_plan_wait(struct builder *b)
{
	uint32_t slot = PLAN_NO_SLOT;

	if (b->in->mode == PLAN_CREATE)
		(void)builder_slot(b, PLAN_FD_LISTENER, "", NULL, NULL, &slot);
	builder_step(b, STEP_WAIT, "")->wait.listen_slot = slot;
}

/*
 * Do: leave a process behind as number 1 that passes signals on and takes the ends of orphans.
 * Must not before: it has no right any more that the program has not; the descriptors are set to
 * close. Must not after: the filter, which may forbid what it does.
 */
void process_plan_reap(struct builder *b)
{
	struct plan_step *step = builder_step(b, STEP_REAP, "");

	step->reap.terminal = b->in->spec->process.terminal;
	step->reap.die = b->in->reap_dies;
}

/* Do: become the program. The last step. */
void process_plan_exec(struct builder *b)
{
	const struct spec_process *p = &b->in->spec->process;
	auto_env struct env env = env_make(b);
	struct plan_step *step = builder_step(b, STEP_EXEC, "process.args");

	step->exec.argv = builder_strs(b, p->args.v, p->args.n);
	step->exec.envp = builder_strs(b, env.v, env.n);
}
