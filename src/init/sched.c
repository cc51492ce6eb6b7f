/* SPDX-License-Identifier: Apache-2.0 */
/* sched - how the kernel treats the process: processor time, disk time, personality, memory. */
#include "init/init.h"

#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_CLASS_SHIFT 13
#define NODES_MAX          1024

struct sched_attributes { /* struct sched_attr, as it was first */
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

int step_scheduler(struct init *in, const struct plan_step *s)
{
	const struct sched_attributes attributes = {
		.size = sizeof(attributes),
		.policy = s->scheduler.policy,
		.flags = s->scheduler.flags,
		.nice = s->scheduler.nice,
		.priority = s->scheduler.priority,
		.runtime = s->scheduler.runtime,
		.deadline = s->scheduler.deadline,
		.period = s->scheduler.period,
	};

	(void)in;
	return (int)SYS_3(__NR_sched_setattr, 0, &attributes, 0);
}

int step_io_priority(struct init *in, const struct plan_step *s)
{
	unsigned value = s->io_priority.class << IOPRIO_CLASS_SHIFT | s->io_priority.priority;

	(void)in;
	return (int)SYS_3(__NR_ioprio_set, IOPRIO_WHO_PROCESS, 0, value);
}

int step_personality(struct init *in, const struct plan_step *s)
{
	int r = (int)SYS_1(__NR_personality, s->personality.domain);

	(void)in;
	return r < 0 ? r : 0; /* it answers what was before */
}

int step_memory_policy(struct init *in, const struct plan_step *s)
{
	const uint64_t *nodes = NULL;

	if (s->memory_policy.nodes != 0)
		nodes = plan_bytes(in, s->memory_policy.nodes, NODES_MAX / 64, sizeof(*nodes));
	return (int)SYS_3(__NR_set_mempolicy, s->memory_policy.mode | s->memory_policy.flags, nodes,
			  nodes != NULL ? NODES_MAX + 1 : 0);
}
