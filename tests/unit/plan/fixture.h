/* SPDX-License-Identifier: Apache-2.0 */
/* fixture - plans from short configurations, with all that a test wants to look at. */
#ifndef TEST_PLAN_FIXTURE_H
#define TEST_PLAN_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tinyrun/plan.h"

/* The last message. */
static char fixture_error[4096];

/* A configuration with members added to the top level, to process and to linux; "" for none.
 * Single quotes become double ones. The caller frees it. */
static inline struct spec *fixture_spec(const char *top, const char *process, const char *linux_)
{
	struct err e = ERR_INIT;
	struct spec *spec = NULL;
	char *text = NULL;
	int n = asprintf(&text,
			 "{'ociVersion': '1.0.0', 'root': {'path': 'rootfs'}%s%s,"
			 " 'process': {'cwd': '/', 'user': {'uid': 0, 'gid': 0}%s%s},"
			 " 'linux': {%s}}",
			 top[0] ? ", " : "", top, process[0] ? ", " : "", process, linux_);

	assert_true(n > 0);
	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	if (spec_parse(text, (size_t)n, "config.json", NULL, &spec, &e) < 0)
		fail_msg("%s", err_str(&e, fixture_error, sizeof(fixture_error)));
	free(text);
	return spec;
}

/* NULL when the compiler refuses it, and then fixture_error says why. */
static inline struct plan *fixture_compile(const struct plan_input *in)
{
	struct err e = ERR_INIT;
	struct plan *plan = NULL;

	fixture_error[0] = '\0';
	if (plan_compile(in, &plan, &e) < 0)
		err_str(&e, fixture_error, sizeof(fixture_error));
	return plan;
}

/* A plan for `create` of the configuration. */
static inline struct plan *fixture_plan(const char *top, const char *process, const char *linux_)
{
	struct spec *spec = fixture_spec(top, process, linux_);
	struct plan_input in = {.spec = spec, .id = "box", .bundle = "/b", .mode = PLAN_CREATE};
	struct plan *plan = fixture_compile(&in);

	spec_free(&spec);
	return plan;
}

#define FIXTURE_ARGS  "'args': ['/bin/true']"
#define FIXTURE_MOUNT "'namespaces': [{'type': 'mount'}]"

/* The first step of @kind at or after @from, or -1. */
static inline long fixture_find(const struct plan *plan, enum plan_step_kind kind, size_t from)
{
	for (size_t i = from; i < plan_header(plan)->n_steps; i++)
		if (plan_step(plan, i)->kind == kind)
			return (long)i;
	return -1;
}

static inline const struct plan_step *fixture_step(const struct plan *plan,
						   enum plan_step_kind kind)
{
	long i = fixture_find(plan, kind, 0);

	if (i < 0)
		fail_msg("no step of the kind %s", plan_step_name((uint16_t)kind));
	return plan_step(plan, (size_t)i);
}

static inline const uint32_t *fixture_array(const struct plan *plan, uint32_t offset)
{
	return (const uint32_t *)(const void *)((const char *)plan->bytes + offset);
}

#endif
