/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MALLOC_OPTIONS_H
#define MALLOC_OPTIONS_H

/*
 * options - what the environment says, read at the first allocation of the process.
 */

#include "malloc/malloc.h"

struct options {
	bool debug;          /* fill freed memory, guard large blocks, cache nothing */
	bool stats;          /* libc has to be asked yet to call us at exit, when statistics... */
	int stats_fd;        /* ... are printed here, ... */
	uint64_t stats_file; /* ... if it is still open on this file */
};

extern struct options options;

/* Read the environment; what cannot be understood is reported on standard error and ignored. */
void options_read(void);

/*
 * Print the statistics at exit. That it is called from options.c is what links stats.c into a
 * static program, which does not ask for them itself.
 */
void stats_want(void);

/* Where they are wanted: ask libc to call us, unless it is libc that wants memory for its list. */
void stats_ask(void);

#endif
