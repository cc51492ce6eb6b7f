/* SPDX-License-Identifier: Apache-2.0 */
/* hook_output - where hooks of the host's write to, when an annotation names files for it. */
#ifndef CONTAINER_HOOK_OUTPUT_H
#define CONTAINER_HOOK_OUTPUT_H

#include "tinyrun/err.h"
#include "tinyrun/spec.h"

struct hook_output {
	int stdout_fd, stderr_fd; /* -1: as it comes */
};

#define HOOK_OUTPUT_INIT ((struct hook_output){.stdout_fd = -1, .stderr_fd = -1})

int hook_output_open(const struct spec *spec, struct hook_output *ret, struct err *e);
void hook_output_close(struct hook_output *output);

/* One of the files, to be appended to; it is made when it is missing. */
int hook_output_open_file(const char *path, int *ret_fd, struct err *e);

#endif
