/* SPDX-License-Identifier: Apache-2.0 */
/* trace - `--trace`: when each phase and each step began. */
#ifndef CONTAINER_TRACE_H
#define CONTAINER_TRACE_H

#include "tinyrun/err.h"
#include "tinyrun/plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRACE_PHASES 20

struct trace {
	bool on;
	int fd;                         /* shared memory for init's step times; -1: none */
	const volatile uint64_t *steps; /* CLOCK_MONOTONIC ns, one a step and one for the end */
	size_t n_steps;
	size_t n;
	struct {
		const char *name; /* static */
		uint64_t ns;
	} phase[TRACE_PHASES];
};

#define TRACE_INIT ((struct trace){.fd = -1})

/* A phase of this name begins now and ends where the next one begins. */
void trace_phase(struct trace *t, const char *name);
/* Makes the shared memory for @n_steps steps. */
int trace_open(struct trace *t, size_t n_steps, struct err *e);
void trace_done(struct trace *t);
/* Writes it: NULL as text on stderr, FILE.json as Chrome's trace events, another FILE as text. */
int trace_write(const struct trace *t, const struct plan *plan, const char *file, struct err *e);

#endif
