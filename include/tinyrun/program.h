/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program - the other programs of this build: which file one is, is not for the environment to say.
 */
#ifndef TINYRUN_PROGRAM_H
#define TINYRUN_PROGRAM_H

#include "tinyrun/err.h"

#define PROGRAM_E_MISSING 1

/*
 * Opens (O_PATH) the program @name beside our own file, as in a build, else in the libexec
 * directory that was set at the build. Refused is what others than its owner could have put there
 * or changed. PROGRAM_E_MISSING where there is none.
 */
int program_open(const char *name, int *ret_fd, struct err *e);

#endif
