/* SPDX-License-Identifier: Apache-2.0 */
/* elf - what a program or library says of itself: which loader it wants, which libraries, where. */
#ifndef BUNDLE_ELF_H
#define BUNDLE_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tinyrun/buf.h"
#include "tinyrun/err.h"

struct elf {
	bool is_64, big_endian;
	uint16_t machine;
	const char *interp;          /* PT_INTERP; NULL: static, or a library */
	const char *rpath, *runpath; /* colon-separated; NULL when absent */
	const char **needed;         /* n_needed of them */
	size_t n_needed;
	bool no_default; /* DF_1_NODEFLIB: neither the cache nor the default directories */
};

#define ELF_E_OTHER 1 /* it is no ELF file at all */

/*
 * Reads @fd, which messages call @name. Everything in it is checked against the file's size: 0,
 * ELF_E_OTHER, or an error that says what is wrong with it. Strings are @arena's.
 */
int elf_read(int fd, const char *name, struct arena *arena, struct elf *ret, struct err *e);
/* Whether a process of @a's kind can load @b. */
bool elf_same_kind(const struct elf *a, const struct elf *b);

#endif
