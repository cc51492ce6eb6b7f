/* SPDX-License-Identifier: Apache-2.0 */
/* start - what `start` and `run` have in common. */
#ifndef CONTAINER_START_H
#define CONTAINER_START_H

#include "container/state.h"
#include "tinyrun/spec.h"

/* Runs the poststart hooks: the program has been executed. */
int start_poststart(const struct state *st, const struct spec *spec, int bundle_fd, struct err *e);

#endif
