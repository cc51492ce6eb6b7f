/* SPDX-License-Identifier: Apache-2.0 */
/*
 * builder - a plan while it grows.
 *
 * The pool stands right behind the header, so an offset is final as soon as it is given out; the
 * steps and the descriptor table are put behind the pool at the end.
 */
#include "plan/builder.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Far more than any configuration of 4 MiB needs, unless it multiplies PATH with a long name. */
#define PLAN_MAX_SIZE ((size_t)32 << 20)
#define PROBES        64 /* of the table of strings, which is half full at most */

static void fail(struct builder *b, int code)
{
	if (b->failed == 0)
		b->failed = code;
}

/* --- the pool --- */

static void pool_add(struct builder *b, const void *data, size_t len)
{
	if (b->failed)
		return;
	if (len > PLAN_MAX_SIZE - b->pool.len) {
		fail(b, -E2BIG);
		return;
	}
	buf_add(&b->pool, data, len);
	if (b->pool.failed)
		fail(b, -ENOMEM);
}

static void pool_align(struct builder *b)
{
	static const char zeros[8];
	size_t over = b->pool.len % sizeof(zeros);

	if (over)
		pool_add(b, zeros, sizeof(zeros) - over);
}

static uint64_t hash(const char *s)
{
	uint64_t h = 0xcbf29ce484222325U; /* FNV-1a */

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3U;
	return h ^ h >> 29;
}

/*
 * Where @s stands in the table, or the free place where it belongs. NULL: neither is near. Who
 * writes strings that all have one hash, to keep us at work, has each of them in the plan as often
 * as he wrote it.
 */
static uint32_t *find_interned(const struct builder *b, const char *s)
{
	size_t mask = b->max_interned - 1, at = (size_t)hash(s);

	for (size_t i = at; i < at + PROBES; i++) {
		uint32_t *place = &b->interned[i & mask];

		if (!*place || strcmp(b->pool.data + *place, s) == 0)
			return place;
	}
	return NULL;
}

static int grow_interned(struct builder *b)
{
	struct builder wider = *b;
	uint32_t *place;

	if ((b->n_interned + 1) * 2 < b->max_interned)
		return 0;
	wider.max_interned = b->max_interned ? b->max_interned * 2 : 256;
	wider.interned = calloc(wider.max_interned, sizeof(*wider.interned));
	if (!wider.interned)
		return -ENOMEM;
	for (size_t i = 0; i < b->max_interned; i++) {
		place = b->interned[i] ? find_interned(&wider, b->pool.data + b->interned[i])
				       : NULL;
		if (place)
			*place = b->interned[i];
	}
	free(b->interned);
	b->interned = wider.interned;
	b->max_interned = wider.max_interned;
	return 0;
}

uint32_t builder_str(struct builder *b, const char *s)
{
	uint32_t *place, offset;

	if (!s || b->failed)
		return 0;
	if (grow_interned(b) < 0) {
		fail(b, -ENOMEM);
		return 0;
	}
	place = find_interned(b, s);
	offset = place ? *place : 0;
	if (offset)
		return offset;
	offset = (uint32_t)b->pool.len;
	pool_add(b, s, strlen(s) + 1);
	if (b->failed)
		return 0;
	if (place) {
		*place = offset;
		b->n_interned++;
	}
	return offset;
}

uint32_t builder_strf(struct builder *b, const char *fmt, ...)
{
	char *s = NULL;
	uint32_t offset;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0) {
		fail(b, -ENOMEM);
		return 0;
	}
	offset = builder_str(b, s);
	free(s);
	return offset;
}

uint32_t builder_array(struct builder *b, const void *data, size_t len)
{
	uint32_t offset;

	if (len == 0)
		return 0;
	pool_align(b);
	offset = (uint32_t)b->pool.len;
	pool_add(b, data, len);
	return b->failed ? 0 : offset;
}

uint32_t builder_strs(struct builder *b, const char *const *v, size_t n)
{
	uint32_t *offsets = calloc(n + 1, sizeof(*offsets));
	uint32_t at;

	if (!offsets) {
		fail(b, -ENOMEM);
		return 0;
	}
	for (size_t i = 0; i < n; i++)
		offsets[i] = builder_str(b, v[i]);
	at = builder_array(b, offsets, (n + 1) * sizeof(*offsets));
	free(offsets);
	return at;
}

/* --- steps and slots --- */

/* Room for one more of @size in the array at *@v; false when there is no memory. */
static bool grow(void **v, size_t n, size_t *max, size_t size)
{
	size_t wider = *max ? *max * 2 : 64;
	void *grown;

	if (n < *max)
		return true;
	grown = reallocarray(*v, wider, size);
	if (!grown)
		return false;
	*v = grown;
	*max = wider;
	return true;
}

struct plan_step *builder_step(struct builder *b, enum plan_step_kind kind, const char *origin)
{
	void *steps = b->steps;
	struct plan_step *step = &b->spare;
	bool ok = grow(&steps, b->n_steps, &b->max_steps, sizeof(*step));

	b->steps = steps;
	if (ok)
		step = &b->steps[b->n_steps++];
	else
		fail(b, -ENOMEM);
	*step = (struct plan_step){.kind = (uint16_t)kind, .origin = builder_str(b, origin)};
	return step;
}

uint32_t builder_next(const struct builder *b)
{
	return (uint32_t)b->n_steps;
}

struct spec_id_maps builder_maps(struct builder *b, const struct spec_id_maps *from)
{
	struct spec_id_maps to = {.v = arena_alloc(&b->plan->arena, from->n * sizeof(*to.v) + 1)};

	if (!to.v) {
		b->failed = b->failed ? b->failed : -ENOMEM;
		return to;
	}
	for (; to.n < from->n; to.n++)
		to.v[to.n] = from->v[to.n];
	return to;
}

const char *builder_text(struct builder *b, const char *fmt, ...)
{
	char line[512];
	const char *s = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(line)) {
		s = arena_strdup(&b->plan->arena, line);
	} else if (n >= 0) {
		char *room = arena_alloc(&b->plan->arena, (size_t)n + 1);

		va_start(ap, fmt);
		if (room)
			(void)vsnprintf(room, (size_t)n + 1, fmt, ap); /* measured above */
		va_end(ap);
		s = room;
	}
	if (!s)
		fail(b, -ENOMEM);
	return s ? s : "";
}

struct plan_fd *builder_slot(struct builder *b, enum plan_fd_kind kind, const char *origin,
			     const char *path, const char *target, uint32_t *ret_slot)
{
	void *fds = b->plan->fds;
	struct plan_fd *fd = &b->spare_fd;
	bool ok = grow(&fds, b->plan->n_fds, &b->max_fds, sizeof(*fd));

	b->plan->fds = fds;
	*ret_slot = (uint32_t)b->plan->n_fds;
	if (ok)
		fd = &b->plan->fds[b->plan->n_fds++];
	else
		fail(b, -ENOMEM);
	*fd = (struct plan_fd){.kind = kind};
	fd->origin = builder_text(b, "%s", origin);
	fd->path = path ? builder_text(b, "%s", path) : NULL;
	fd->target = target ? builder_text(b, "%s", target) : NULL;
	return fd;
}

/* --- the whole --- */

int builder_init(struct builder *b, const struct plan_input *in, struct err *e)
{
	static const struct plan_header nothing;

	*b = (struct builder){.in = in, .trace_slot = PLAN_NO_SLOT};
	b->plan = calloc(1, sizeof(*b->plan));
	if (!b->plan)
		return err_num(e, ENOMEM, "compile the plan");
	pool_add(b, &nothing, sizeof(nothing));
	return 0;
}

void builder_done(struct builder *b)
{
	plan_free(&b->plan);
	buf_done(&b->pool);
	free(b->steps);
	free(b->interned);
	*b = (struct builder){.in = NULL};
}

/* No descriptor is open yet. */
static uint32_t add_slots(struct builder *b)
{
	uint32_t at;

	pool_align(b);
	at = (uint32_t)b->pool.len;
	for (size_t i = 0; i < b->plan->n_fds; i++) {
		int32_t closed = -1;

		pool_add(b, &closed, sizeof(closed));
	}
	return at;
}

int builder_finish(struct builder *b, struct plan **ret, struct err *e)
{
	struct plan_header header = {.magic = PLAN_MAGIC};

	header.steps = builder_array(b, b->steps, b->n_steps * sizeof(*b->steps));
	header.n_steps = (uint32_t)b->n_steps;
	header.slots = add_slots(b);
	header.n_slots = (uint32_t)b->plan->n_fds;
	header.flags = b->plan_flags;
	header.trace_slot = b->trace_slot;
	pool_align(b);
	if (b->failed)
		return err_num(e, -b->failed, "compile the plan");
	header.size = (uint32_t)b->pool.len;
	memcpy(b->pool.data, &header, sizeof(header));
	b->plan->bytes = b->pool.data;
	b->plan->size = b->pool.len;
	b->pool = BUF_INIT; /* the bytes are the plan's now */
	*ret = b->plan;
	b->plan = NULL;
	return 0;
}
