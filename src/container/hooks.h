/* SPDX-License-Identifier: Apache-2.0 */
/* hooks - runs the hooks that belong to the runtime's namespaces. runtime-spec config.md
 * "POSIX-platform Hooks". */
#ifndef CONTAINER_HOOKS_H
#define CONTAINER_HOOKS_H

#include "tinyrun/err.h"
#include "tinyrun/spec.h"

/*
 * Runs that list of @spec in order, each with @state_json on stdin, the bundle as working
 * directory, its own environment, a process group of its own and the output that annotations name;
 * stops at the first that fails or outlives its timeout.
 */
int hooks_run(const struct spec *spec, enum spec_hook_kind kind, const char *state_json,
	      int bundle_fd, struct err *e);
/* The same, but a failure is a warning and the next one still runs (poststop). */
void hooks_run_all(const struct spec *spec, enum spec_hook_kind kind, const char *state_json,
		   int bundle_fd);

#endif
