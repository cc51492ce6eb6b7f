/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan - the bytes of the plan, read with care.
 *
 * The host of the same build made them, so what does not fit is a bug of ours and not an input to
 * be discussed: it ends the program with a FAIL that says so. No step runs on a damaged plan's
 * header, and no offset is followed before it is known to lie inside.
 */
#include "init/init.h"

#include <linux/mman.h>

static _Noreturn void plan_bad(struct init *in, const char *what)
{
	fail_text(in, what);
	fail(in, -EINVAL);
}

static void plan_check(struct init *in)
{
	const struct plan_header *head = in->head;

	if (head->magic != PLAN_MAGIC || head->size != in->size)
		plan_bad(in, "this is no plan of this build");
	in->at = 0;
	(void)plan_bytes(in, head->steps, head->n_steps, sizeof(struct plan_step));
	(void)plan_bytes(in, head->slots, head->n_slots, sizeof(int32_t));
	if (head->steps % _Alignof(struct plan_step) != 0)
		plan_bad(in, "the steps of the plan are not aligned");
}

int plan_open(struct init *in, int fd)
{
	struct statx st;
	long at;
	int r = sys_statx(fd, "", AT_EMPTY_PATH, &st);

	if (r < 0)
		return r;
	if (st.stx_size < sizeof(struct plan_header) || st.stx_size > UINT32_MAX)
		plan_bad(in, "this is no plan of this build");
	at = sys_mmap(st.stx_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd);
	if (at < 0 && at > -4096)
		return (int)at;
	in->plan = (const unsigned char *)at;
	in->size = st.stx_size;
	in->head = (const struct plan_header *)in->plan;
	plan_check(in);
	return 0;
}

/* @count things of @size bytes each at @offset. */
const void *plan_bytes(struct init *in, uint32_t offset, size_t count, size_t size)
{
	if (offset > in->size || count > (in->size - offset) / size ||
	    (count > 0 && offset % (size < 8 ? size : 4) != 0))
		plan_bad(in, "an offset lies outside of the plan");
	return in->plan + offset;
}

const char *plan_text(struct init *in, uint32_t offset)
{
	const char *text;

	if (offset == 0)
		return NULL;
	text = plan_bytes(in, offset, 1, 1);
	for (size_t i = offset; i < in->size; i++) {
		if (in->plan[i] == '\0')
			return text;
	}
	plan_bad(in, "a string of the plan has no end");
}

const char *plan_need(struct init *in, uint32_t offset)
{
	const char *text = plan_text(in, offset);

	if (text == NULL)
		plan_bad(in, "a string of the plan is missing");
	return text;
}

int plan_slot(struct init *in, uint32_t slot)
{
	const int32_t *slots = plan_bytes(in, in->head->slots, in->head->n_slots, sizeof(*slots));

	if (slot >= in->head->n_slots)
		plan_bad(in, "a descriptor of the plan is missing");
	return slots[slot];
}

/* How many offsets stand in the array at @offset before its 0. */
static size_t plan_count(struct init *in, uint32_t offset)
{
	const uint32_t *at = plan_bytes(in, offset, 1, sizeof(*at));
	size_t n = 0;

	while (at[n] != 0) {
		n++;
		(void)plan_bytes(in, offset, n + 1, sizeof(*at));
	}
	return n;
}

const char *plan_item(struct init *in, uint32_t offset, size_t i)
{
	const uint32_t *at = plan_bytes(in, offset, i + 1, sizeof(*at));

	return plan_text(in, at[i]);
}

/* Room for @n pointers, all NULL; few are cut off a piece that is there. Or -errno. */
static long vector_room(size_t n)
{
	static char *room[512];
	static size_t used;
	char **part = room + used;

	if (n > sizeof(room) / sizeof(room[0]) - used)
		return sys_mmap(n * sizeof(char *), PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1);
	used += n;
	return (long)part;
}

int plan_vector(struct init *in, uint32_t offset, char *more, char ***ret)
{
	size_t n = offset == 0 ? 0 : plan_count(in, offset);
	const uint32_t *from = (const uint32_t *)(in->plan + offset);
	long at = vector_room(n + 2);
	char **to = (char **)at;

	if (at < 0 && at > -4096)
		return (int)at;
	for (size_t i = 0; i < n; i++)
		to[i] = (char *)(uintptr_t)plan_text(in, from[i]);
	to[n] = more; /* the room is zero: the list ends here or behind it */
	*ret = to;
	return 0;
}
