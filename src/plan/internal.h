/* SPDX-License-Identifier: Apache-2.0 */
/*
 * internal - the compilers that plan_compile() calls, one concern each.
 *
 * Each appends steps and slots to the builder. Those that return int refuse what they cannot do;
 * the others cannot fail (what the builder remembers aside). What a compiler's steps do, and what
 * they must not do yet, stands above its body.
 */
#ifndef PLAN_INTERNAL_H
#define PLAN_INTERNAL_H

#include "plan/builder.h"
#include "tinyrun/err.h"
#include "tinyrun/spec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- namespaces.c --- */
void namespaces_plan_enter(struct builder *b);
void namespaces_plan_join(struct builder *b);
bool namespaces_join_pid(const struct plan_input *in);
void namespaces_plan_pid(struct builder *b);
/* The same, but for those of pid and time: a visitor's processes are not the container's. */
void namespaces_plan_visit(struct builder *b);
void namespaces_plan_identity(struct builder *b);
void namespaces_plan_sysctls(struct builder *b);
/* The container's user namespace (new, joined, or our own) may not make devices. */
bool namespaces_lack_mknod(const struct plan_input *in);

/* --- root.c --- */
int root_check(const struct plan_input *in, struct err *e);
void root_plan_attach(struct builder *b);
void root_plan_protect(struct builder *b);
void root_plan_enter(struct builder *b);
void root_plan_reenter(struct builder *b);
/* How what is cloned from the host is cut off from it: MS_REC with MS_PRIVATE or MS_SLAVE. */
unsigned long root_propagation(const struct spec *spec);
/* Of MS_SHARED, MS_PRIVATE, MS_SLAVE, MS_UNBINDABLE: linux.rootfsPropagation asks for this one. */
bool root_propagation_is(const struct spec *spec, unsigned long kind);

/* --- mounts.c --- */
#define MOUNTS_NOTIFY "/run/notify" /* where plan_input.notify_dir goes */
int mounts_plan(struct builder *b, struct err *e);
/* Steps that take the mounts away, the last one first. */
void mounts_plan_away(struct builder *b);
/* What cannot be mounted, or taken away, in a container that is there. */
int mounts_check_late(const struct spec *spec, enum plan_mode mode, struct err *e);
/* Steps that make mounts read-only after everything has been put into them. */
void mounts_plan_late(struct builder *b);
/* The last mount on exactly @path, or NULL. */
const struct spec_mount *mounts_find(const struct spec *spec, const char *path);
/* @path without empty, "." and ".." components, from "/"; in the plan's memory. */
const char *mounts_clean_path(struct builder *b, const char *path);

/* --- devices.c --- */
void devices_plan(struct builder *b);

/* --- ids.c --- */
enum session_time { SESSION_NOW, SESSION_LATE };

/* Whoever forks later starts its session then; the keyring goes with it. */
void ids_plan_session(struct builder *b, enum session_time when);
void ids_plan_user(struct builder *b);

/* --- caps.c --- */
void caps_plan_bounding(struct builder *b);
void caps_plan_sets(struct builder *b);
void caps_plan_no_new_privs(struct builder *b);
/* "CAP_KILL CAP_SETUID", or "none". */
void caps_describe(uint64_t set, struct buf *out);

/* --- seccomp.c --- */
enum seccomp_time { SECCOMP_BEFORE_USER, SECCOMP_BEFORE_WAIT, SECCOMP_LAST };

enum seccomp_time seccomp_time(const struct builder *b);
int seccomp_plan(struct builder *b, struct err *e);

/* --- hooks.c --- */
void hooks_plan_create(struct builder *b);
void hooks_plan_start(struct builder *b);

/* --- process.c --- */
void process_plan_console(struct builder *b);
void process_plan_labels(struct builder *b);
void process_plan_treatment(struct builder *b);
void process_plan_limits(struct builder *b);
void process_plan_cwd(struct builder *b);
int process_plan_find(struct builder *b, struct err *e);
void process_plan_reap(struct builder *b);
void process_plan_wait(struct builder *b);
void process_plan_exec(struct builder *b);

/* --- env.c --- */
struct env {
	const char **v; /* on the heap; the strings are the spec's or the plan's */
	size_t n;
};

#define ENV_INIT ((struct env){.v = NULL})
#define auto_env __attribute__((cleanup(env_done)))
/* process.env with what we add, which wins over an entry of the same name. */
struct env env_given(struct builder *b); /* process.env alone */
struct env env_make(struct builder *b);
void env_done(struct env *env);
/* The value of @name, or NULL. */
const char *env_get(const struct env *env, const char *name);

#endif
