/* SPDX-License-Identifier: Apache-2.0 */
/* hook_process - one hook of the host's, from its start to its end. */
#ifndef CONTAINER_HOOK_PROCESS_H
#define CONTAINER_HOOK_PROCESS_H

#include "container/hook_output.h"
#include "tinyrun/err.h"
#include "tinyrun/spec.h"

/*
 * Runs it with @state_json on stdin, the bundle as working directory, its own environment and a
 * process group of its own, and waits. A status that is not 0, a signal, or a timeout that has
 * passed is an error, which has the last of what it wrote to stderr, unless that is a file's.
 */
int hook_process_run(const struct spec_hook *hook, const struct hook_output *output,
		     const char *state_json, int bundle_fd, struct err *e);

#endif
