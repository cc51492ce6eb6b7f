/* SPDX-License-Identifier: Apache-2.0 */
/* ids - who the process is: its session and keyring, its user and groups. */
#include "plan/internal.h"

#include <string.h>

/* What the peers use where process.user.umask is absent. */
#define DEFAULT_UMASK 0022

/*
 * Do: leave the caller's session and keyring, both of which carry rights of the caller's.
 * Must not yet: become another user (the keyring would belong to it).
 */
void ids_plan_session(struct builder *b, enum session_time when)
{
	bool terminal = b->in->spec->process.terminal;

	if (when == SESSION_LATE && terminal)
		builder_step(b, STEP_SESSION, "process.terminal")->flags = PLAN_OF_CHILD;
	else if (when == SESSION_LATE || !namespaces_join_pid(b->in))
		(void)builder_step(b, STEP_SESSION, "");
	if (when == SESSION_NOW && !b->in->no_new_keyring)
		(void)builder_step(b, STEP_KEYRING, "");
}

/* Of crun's annotations the one that podman's --group-add keep-groups relies on. */
static bool keeps_groups(const struct spec *spec)
{
	const char *value = spec_annotation(spec, SPEC_ANNOTATION_KEEP_GROUPS);

	return value && strcmp(value, "1") == 0;
}

/*
 * Do: set groups, group, user and umask; capabilities survive until CAPS sets them.
 * Must not yet: clear capabilities. After this the bounding set cannot be changed any more where
 * CAP_SETPCAP goes with root.
 */
void ids_plan_user(struct builder *b)
{
	const struct spec_process *p = &b->in->spec->process;
	struct plan_step *step = builder_step(b, STEP_USER, "process.user");

	step->user.uid = p->uid;
	step->user.gid = p->gid;
	step->user.groups = builder_array(b, p->groups, p->n_groups * sizeof(*p->groups));
	step->user.n_groups = (uint32_t)p->n_groups;
	step->user.umask = p->umask.set ? (uint32_t)p->umask.value : DEFAULT_UMASK;
	step->user.keep_groups = keeps_groups(b->in->spec);
}
