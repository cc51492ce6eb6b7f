/* SPDX-License-Identifier: Apache-2.0 */
/*
 * builder - a plan while it grows: strings and arrays first, then steps and slots.
 *
 * Nothing here can fail at once: running out of memory or of room is remembered, calls go on with
 * harmless values, and builder_finish() says so. So the compilers read as lists of what is done.
 */
#ifndef PLAN_BUILDER_H
#define PLAN_BUILDER_H

#include "tinyrun/buf.h"
#include "tinyrun/err.h"
#include "tinyrun/plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct builder {
	const struct plan_input *in;
	struct plan *plan; /* fds, their strings and clone_flags are filled as we go */
	struct buf pool;   /* header, then strings and arrays at their final offsets */
	struct plan_step *steps;
	size_t n_steps, max_steps, max_fds;
	uint32_t *interned; /* hash table of offsets into the pool, 0 = free */
	size_t n_interned, max_interned;
	uint32_t plan_flags, trace_slot;
	int failed;             /* negative errno of the first failure */
	struct plan_step spare; /* what a caller writes to after a failure */
	struct plan_fd spare_fd;
};

int builder_init(struct builder *b, const struct plan_input *in, struct err *e);
void builder_done(struct builder *b);
/* The plan is complete: *ret is the caller's. */
int builder_finish(struct builder *b, struct plan **ret, struct err *e);

/* The offset of @s, which is in the pool once, or nearly so. NULL is offset 0. */
uint32_t builder_str(struct builder *b, const char *s);
uint32_t builder_strf(struct builder *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Offsets of @n strings and a 0 behind them. */
uint32_t builder_strs(struct builder *b, const char *const *v, size_t n);
/* Bytes at a multiple of 8; an empty array is offset 0. */
uint32_t builder_array(struct builder *b, const void *data, size_t len);

/* A new last step. @origin is the JSON path it comes from, "" for none. */
struct plan_step *builder_step(struct builder *b, enum plan_step_kind kind, const char *origin);
/* The index that the next step will have. */
uint32_t builder_next(const struct builder *b);
/* A new slot; its number is in *ret_slot. @path and @target may be NULL; all are copied. */
struct plan_fd *builder_slot(struct builder *b, enum plan_fd_kind kind, const char *origin,
			     const char *path, const char *target, uint32_t *ret_slot);
/* Copies that live as long as the plan, as the next one does. */
struct spec_id_maps builder_maps(struct builder *b, const struct spec_id_maps *from);
/* A string that lives as long as the plan, never NULL. */
const char *builder_text(struct builder *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
