/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compile - the order in which a container is made. It is the security argument:
 *
 *  - Namespaces come first, so that nothing below touches the host's.
 *  - What the host knows better (bind sources, device nodes, hooks' programs) arrives as open
 *    descriptors; init resolves only paths in the new root, each once.
 *  - Everything is mounted and made before anything is protected, and everything is protected
 * before the new root is entered: the host's tree is gone from sight before the container's files
 * are looked at as programs.
 *  - Privileges are given up from the outside inwards: bounding set, ids, capabilities, then
 *    no_new_privs; the filter is last where the kernel allows it, else before the capabilities that
 *    loading it needs are gone (seccomp.c).
 *  - Descriptors are closed right before exec, in the process that executes.
 */
#include "plan/builder.h"
#include "plan/internal.h"

static int check(const struct plan_input *in, struct err *e)
{
	if (in->mode == PLAN_MOUNT || in->mode == PLAN_UNMOUNT)
		return mounts_check_late(in->spec, in->mode, e);
	if (!in->spec->process.present)
		return err_user(e, "process: is missing: a container needs a program to run");
	return in->mode == PLAN_EXEC ? 0 : root_check(in, e);
}

/* The file system: from the host's tree to the container's own. */
static int compile_root(struct builder *b, struct err *e)
{
	int r;

	root_plan_attach(b);
	r = mounts_plan(b, e);
	if (r < 0)
		return r;
	devices_plan(b);
	namespaces_plan_identity(b);
	process_plan_console(b);
	hooks_plan_create(b); /* they see the host's files and the finished tree */
	namespaces_plan_sysctls(b);
	process_plan_labels(b);
	root_plan_protect(b);
	root_plan_enter(b);
	namespaces_plan_pid(b);
	return 0;
}

/* The process: from full rights in its namespaces to what the configuration leaves it. */
static int compile_process(struct builder *b, struct err *e)
{
	int r = 0;

	process_plan_limits(b);
	process_plan_treatment(b);
	process_plan_cwd(b);
	caps_plan_bounding(b);
	if (seccomp_time(b) == SECCOMP_BEFORE_USER)
		r = seccomp_plan(b, e);
	ids_plan_user(b);
	caps_plan_sets(b);
	caps_plan_no_new_privs(b);
	if (r == 0)
		r = process_plan_find(b, e);
	if (r == 0 && seccomp_time(b) == SECCOMP_BEFORE_WAIT)
		r = seccomp_plan(b, e);
	process_plan_wait(b);
	if (b->in->mode != PLAN_EXEC)
		hooks_plan_start(b);
	return r;
}

static int compile_exec(struct builder *b, struct err *e)
{
	int r = 0;

	builder_step(b, STEP_CLOSE, "")->close.keep = b->in->preserve_fds;
	if (b->in->reap)
		process_plan_reap(b);
	if (seccomp_time(b) == SECCOMP_LAST)
		r = seccomp_plan(b, e);
	process_plan_exec(b);
	return r;
}

static void compile_trace(struct builder *b)
{
	if (!b->in->trace)
		return;
	(void)builder_slot(b, PLAN_FD_TRACE, "", NULL, NULL, &b->trace_slot);
	b->plan_flags |= PLAN_TRACE;
}

/* A container from nothing, or a process that joins one. */
static int compile_container(struct builder *b, struct err *e)
{
	if (b->in->mode == PLAN_EXEC) {
		process_plan_labels(b); /* /proc and /sys are still the host's */
		namespaces_plan_join(b);
		ids_plan_session(b, SESSION_NOW);
		process_plan_console(b);
		return 0;
	}
	namespaces_plan_enter(b);
	ids_plan_session(b, SESSION_NOW);
	return compile_root(b, e);
}

/* Mounts of a container that is there: nobody in it sees the process that makes them. */
static int compile_mounts(struct builder *b, struct err *e)
{
	int r = 0;

	namespaces_plan_visit(b);
	if (b->in->mode == PLAN_MOUNT)
		r = mounts_plan(b, e);
	else
		mounts_plan_away(b);
	(void)builder_step(b, STEP_LEAVE, "");
	return r;
}

static int compile(struct builder *b, struct err *e)
{
	int r;

	if (b->in->mode == PLAN_MOUNT || b->in->mode == PLAN_UNMOUNT)
		return compile_mounts(b, e);
	r = compile_container(b, e);
	if (r < 0)
		return r;
	r = compile_process(b, e);
	if (r < 0)
		return r;
	r = compile_exec(b, e);
	if (r < 0)
		return r;
	compile_trace(b);
	return 0;
}

int plan_compile(const struct plan_input *in, struct plan **ret, struct err *e)
{
	struct builder b;
	int r = check(in, e);

	if (r < 0)
		return r;
	r = builder_init(&b, in, e);
	if (r == 0)
		r = compile(&b, e);
	if (r == 0)
		r = builder_finish(&b, ret, e);
	builder_done(&b);
	return r;
}
