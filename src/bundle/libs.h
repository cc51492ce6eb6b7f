/* SPDX-License-Identifier: Apache-2.0 */
/* libs - a program's loader and libraries. */
#ifndef BUNDLE_LIBS_H
#define BUNDLE_LIBS_H

#include "bundle/elf.h"
#include "tinyrun/bundle.h"

/* Adds what the program @elf at @path (absolute, without links) needs; not the program itself. */
int libs_add(struct bundle *b, const char *path, const struct elf *elf, struct err *e);
/* Adds a library that the C library opens by itself; *ret_found is set when there is one. */
int libs_add_plugin(struct bundle *b, const char *library, bool *ret_found, struct err *e);
void libs_close_cache(struct bundle *b);

#endif
