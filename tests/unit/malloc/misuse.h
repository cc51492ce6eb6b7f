/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MISUSE_H
#define MISUSE_H

#include <stddef.h>

/* What a child that misbehaves leaves on standard error: one line. It has to die of SIGABRT. */
void misuse_last_words(void (*misdeed)(void), char *line, size_t capacity);

#endif
