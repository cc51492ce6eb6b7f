/* SPDX-License-Identifier: Apache-2.0 */
/*
 * full - the way from the small tinyrun to the full one.
 *
 * Where the archives of all libraries are not to be had, tinyrun is two programs of the same
 * source: `tinyrun`, static, which has all but libseccomp and libmnl and starts many times faster,
 * and `tinyrun-full` with the shared libraries. What turns out to need one of these becomes the
 * other with execve(2): same process, same arguments, same descriptors. It must turn out before
 * anything was changed or read that can be read once only.
 */
#ifndef TINYRUN_FULL_H
#define TINYRUN_FULL_H

#include "tinyrun/err.h"

/*
 * Remembers how we were called: the words of @argv (not copied), before options are moved about in
 * it, and the signal mask. For the life of the program.
 */
void full_remember(int argc, char *const argv[]);
/*
 * Becomes tinyrun-full. Returns only when that cannot be: with a sentence that says what it was
 * needed for.
 */
int full_become(const char *needed_for, struct err *e);

#endif
