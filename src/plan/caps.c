/* SPDX-License-Identifier: Apache-2.0 */
/*
 * caps - what the process may do: bounding set, the four sets of the thread, no_new_privs.
 *
 * process.capabilities absent means none at all. The kernel refuses an effective capability that is
 * not permitted and an ambient one that is not both permitted and inheritable: those are left out.
 */
#include "plan/internal.h"

#include <string.h>

static uint64_t cap_set(const struct builder *b, enum spec_cap_set which)
{
	const struct spec_process *p = &b->in->spec->process;

	return p->caps_present ? p->caps[which] : 0;
}

static const char *origin_of(const struct builder *b)
{
	return b->in->spec->process.caps_present ? "process.capabilities" : "";
}

/*
 * Do: take out of the bounding set what is not listed.
 * Must not yet: change the user (it takes CAP_SETPCAP).
 */
void caps_plan_bounding(struct builder *b)
{
	builder_step(b, STEP_BOUNDING, origin_of(b))->bounding.keep = cap_set(b, SPEC_CAP_BOUNDING);
}

/*
 * Do: set the thread's four sets to what was asked.
 * Must not before: everything that takes a capability is done.
 */
void caps_plan_sets(struct builder *b)
{
	struct plan_step *step = builder_step(b, STEP_CAPS, origin_of(b));
	uint64_t permitted = cap_set(b, SPEC_CAP_PERMITTED);
	uint64_t inheritable = cap_set(b, SPEC_CAP_INHERITABLE);

	step->caps.permitted = permitted;
	step->caps.inheritable = inheritable;
	step->caps.effective = cap_set(b, SPEC_CAP_EFFECTIVE) & permitted;
	step->caps.ambient = cap_set(b, SPEC_CAP_AMBIENT) & permitted & inheritable;
}

/*
 * Do: rule out that an exec gives more rights.
 * Must not come after the filter where the filter relies on it.
 */
void caps_plan_no_new_privs(struct builder *b)
{
	if (b->in->spec->process.no_new_privileges)
		(void)builder_step(b, STEP_NO_NEW_PRIVS, "process.noNewPrivileges");
}

/* The names are in the order of the capabilities' numbers. */
void caps_describe(uint64_t set, struct buf *out)
{
	const char *const *names = spec_capability_names();
	const char *gap = "";

	if (set == 0)
		buf_add_str(out, "none");
	for (unsigned i = 0; i < 64; i++) {
		const char *name = *names;

		names += name != NULL;
		if (!(set >> i & 1))
			continue;
		if (name)
			buf_addf(out, "%s%s", gap, name);
		else
			buf_addf(out, "%s%u", gap, i);
		gap = " ";
	}
}
