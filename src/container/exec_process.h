/* SPDX-License-Identifier: Apache-2.0 */
/* exec_process - what `exec` is to run: process.json or the command line, over the container's. */
#ifndef CONTAINER_EXEC_PROCESS_H
#define CONTAINER_EXEC_PROCESS_H

#include "tinyrun/container.h"
#include "tinyrun/spec.h"

struct exec_process {
	struct spec *container; /* the configuration that the container was made from */
	struct spec *file;      /* process.json; NULL: none */
	struct arena arena;     /* what the command line adds */
	struct spec merged;     /* the container's with another process; borrows from all above */
};

/* @dir_fd is the container's state directory. @ret is to be given back also after a failure. */
int exec_process_load(int dir_fd, const struct container_exec *o, struct exec_process *ret,
		      struct err *e);
void exec_process_done(struct exec_process *p);

#endif
