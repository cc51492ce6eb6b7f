/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fixture - a small valid config.json with room for what a test is about.
 *
 * Members stand in single quotes, which become double ones, so that the tests can be read.
 */
#ifndef TEST_SPEC_FIXTURE_H
#define TEST_SPEC_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tinyrun/spec.h"

/* The last message and all warnings, one a line. */
static char fixture_error[4096], fixture_warnings[4096];

static inline void fixture_warn(void *arg, const char *sentence)
{
	size_t used = strlen(fixture_warnings);

	(void)arg;
	snprintf(fixture_warnings + used, sizeof(fixture_warnings) - used, "%s\n", sentence);
}

/* Parses @text; NULL when it is refused, and then fixture_error says why. */
static inline struct spec *fixture_parse_text(const char *text, size_t len)
{
	struct spec_sink sink = {.warn = fixture_warn};
	struct err e = ERR_INIT;
	struct spec *spec = NULL;

	fixture_warnings[0] = fixture_error[0] = '\0';
	if (spec_parse(text, len, "config.json", &sink, &spec, &e) < 0)
		err_str(&e, fixture_error, sizeof(fixture_error));
	return spec;
}

/* The same with members of the top level, of process and of linux added; "" for none. */
static inline struct spec *fixture_parse(const char *top, const char *process, const char *linux_)
{
	struct spec *spec;
	char *text = NULL;
	int n = asprintf(
		&text,
		"{'ociVersion': '1.0.0', 'root': {'path': 'rootfs'}%s%s,"
		" 'process': {'args': ['a'], 'cwd': '/', 'user': {'uid': 0, 'gid': 0}%s%s},"
		" 'linux': {%s}}",
		top[0] ? ", " : "", top, process[0] ? ", " : "", process, linux_);

	assert_true(n > 0);
	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	spec = fixture_parse_text(text, (size_t)n);
	free(text);
	return spec;
}

#define MOUNT_NS "'namespaces': [{'type': 'mount'}]"

#endif
