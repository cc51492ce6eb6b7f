/* SPDX-License-Identifier: Apache-2.0 */
/* wish - words of the command line, for the verbs that compose a configuration: do, serve, spec. */
#ifndef TINYRUN_CLI_WISH_H
#define TINYRUN_CLI_WISH_H

#include "tinyrun/err.h"
#include "tinyrun/spec.h"

/* --user UID[:GID], up to @max; the group is the user's number when it is left out. */
int wish_user(const char *text, uint32_t max, struct spec_wish *wish, struct err *e);
/* --memory BYTES. */
int wish_memory(const char *text, struct spec_wish *wish, struct err *e);
/* @option as --pids: N. */
int wish_pids(const char *option, const char *text, struct spec_wish *wish, struct err *e);
/* --cpus N, as 1.5. */
int wish_cpus(const char *text, struct spec_wish *wish, struct err *e);
/*
 * --mount [type=T,]source=S,destination=D[,OPTION...], as engines write it. The strings are in
 * @arena.
 */
int wish_mount(const char *text, struct arena *arena, struct spec_wish_mount *ret, struct err *e);

#endif
