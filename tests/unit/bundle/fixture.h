/* SPDX-License-Identifier: Apache-2.0 */
/* fixture - a directory of its own for each test, with ELF files that the test composes. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tinyrun/err.h"

/* What an ELF file is to say; NULL: nothing. */
struct fixture_elf {
	const char *interp, *rpath, *runpath;
	const char *needed[4];
	uint64_t flags_1;
	bool is_32, big_endian;
	uint16_t machine; /* 0: x86-64 */
};

#define FIXTURE_ELF_MAX 4096

/* The file's bytes; returns how many. */
size_t fixture_elf(const struct fixture_elf *what, unsigned char out[FIXTURE_ELF_MAX]);

extern char fixture_dir[64];
int fixture_set_up(void **state);
int fixture_tear_down(void **state);

/* Below fixture_dir; directories on the way are made. Returns the absolute path, good for a while.
 */
const char *fixture_path(const char *name);
const char *fixture_file(const char *name, const void *data, size_t size, unsigned mode);
const char *fixture_program(const char *name, const struct fixture_elf *what);
const char *fixture_link(const char *name, const char *target);

/* The whole chain of @e holds @part. */
void fixture_assert_said(const struct err *e, const char *part);

#endif
