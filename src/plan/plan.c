/* SPDX-License-Identifier: Apache-2.0 */
/* plan - looking into a finished plan, and the few changes that the host makes to it. */
#include "tinyrun/plan.h"

#include <stdlib.h>

void plan_free(struct plan **plan)
{
	struct plan *p = *plan;

	*plan = NULL;
	if (!p)
		return;
	free(p->bytes);
	free(p->fds);
	arena_done(&p->arena);
	free(p);
}

static void *at(const struct plan *p, uint32_t offset)
{
	return (char *)p->bytes + offset;
}

const struct plan_header *plan_header(const struct plan *p)
{
	return p->bytes;
}

static struct plan_step *step_at(const struct plan *p, size_t i)
{
	return (struct plan_step *)at(p, plan_header(p)->steps) + i;
}

const struct plan_step *plan_step(const struct plan *p, size_t i)
{
	return step_at(p, i);
}

const char *plan_str(const struct plan *p, uint32_t offset)
{
	return offset && offset < p->size ? at(p, offset) : "";
}

void plan_set_slot(struct plan *p, size_t slot, int fd)
{
	((int32_t *)at(p, plan_header(p)->slots))[slot] = fd;
}

void plan_set_ignored(struct plan *p, uint64_t signals)
{
	((struct plan_header *)p->bytes)->ignored = signals;
}

void plan_set_target_file(struct plan *p, size_t step)
{
	step_at(p, step)->attach.target_kind = PLAN_TARGET_FILE;
}

void plan_set_target_link(struct plan *p, size_t step)
{
	step_at(p, step)->attach.target_kind = PLAN_TARGET_LINK;
}

static const struct {
	const char *name, *words;
} kinds[] = {
#define X(kind, name, words) [STEP_##kind] = {#name, words},
	PLAN_STEPS(X)
#undef X
};

const char *plan_step_words(uint16_t kind)
{
	return kind < STEP_MAX ? kinds[kind].words : "do an unknown step";
}

const char *plan_step_name(uint16_t kind)
{
	return kind < STEP_MAX ? kinds[kind].name : "unknown";
}
