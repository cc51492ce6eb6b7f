/* SPDX-License-Identifier: Apache-2.0 */
/* names - the files of /etc by which a container on a bridge knows itself and others. */
#ifndef CONTAINER_NAMES_H
#define CONTAINER_NAMES_H

#include "tinyrun/net.h"
#include "tinyrun/spec.h"

/*
 * Writes plan_names_files into the state directory @dir_fd, from where the plan binds them into the
 * container.
 */
int names_write(int dir_fd, const struct spec *spec, const struct net_options *o,
		const struct net_record *rec, struct err *e);

#endif
