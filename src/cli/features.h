/* SPDX-License-Identifier: Apache-2.0 */
/* features - the words of seccomp that are listed, for the test that spec/ accepts them. */
#ifndef TINYRUN_CLI_FEATURES_H
#define TINYRUN_CLI_FEATURES_H

#include "tinyrun/buf.h"

/* Each ends with NULL. */
extern const char *const features_seccomp_actions[];
extern const char *const features_seccomp_operators[];
extern const char *const features_seccomp_archs[];
extern const char *const features_seccomp_flags[];

void features_print(struct buf *out);

#endif
