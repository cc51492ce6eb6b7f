/* SPDX-License-Identifier: Apache-2.0 */
/* proc - facts about processes, from a procfs of our own. */
#ifndef TINYRUN_PROC_H
#define TINYRUN_PROC_H

#include "tinyrun/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct proc_stat {
	char state;          /* field 3 of /proc/PID/stat: 'R' ... 'Z' */
	uint64_t start_time; /* field 22: clock ticks since boot */
};

#define PROC_E_GONE 1

/*
 * A procfs that is mounted nowhere, made once for this program; where that is not allowed /proc,
 * checked to be procfs. Not the caller's.
 */
int proc_fd(struct err *e);
/* Returns 0, PROC_E_GONE when there is no such process, or negative. */
int proc_stat(pid_t pid, struct proc_stat *ret, struct err *e);
/* A pidfd of the process only if its start time is @start_time; else PROC_E_GONE. */
int proc_open_pidfd(pid_t pid, uint64_t start_time, int *ret_fd, struct err *e);
/*
 * Whether the process has ended, waiting for that at most @timeout_ms. A pidfd is readable from the
 * end on, whether or not anybody has reaped it.
 */
bool proc_has_ended(int pidfd, int timeout_ms);
/* This boot's id, 36 characters and a 0. */
int proc_boot_id(char ret_id[37], struct err *e);
/* The signals that this process ignores, bit 0 for signal 1; all of them when that is not known. */
uint64_t proc_ignored_signals(void);

#endif
