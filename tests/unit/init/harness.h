/* SPDX-License-Identifier: Apache-2.0 */
/*
 * harness - small plans made by hand, and the real tinyrun-init running them.
 *
 * A test writes steps, starts init with the channel's other end in its hand, talks, and looks at
 * what the program at the end of the plan printed.
 */
#ifndef TESTS_INIT_HARNESS_H
#define TESTS_INIT_HARNESS_H

#include "tinyrun/plan_format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#define DRAFT_SIZE 32768

/* A plan being written. Descriptors are put in as they are. */
struct draft {
	_Alignas(8) unsigned char bytes[DRAFT_SIZE];
	size_t len;
	struct plan_step steps[64];
	uint32_t n_steps;
	int32_t slots[16];
	uint32_t n_slots;
	uint32_t flags, trace_slot;
};

void draft_init(struct draft *d);
struct plan_step *draft_step(struct draft *d, enum plan_step_kind kind);
uint32_t draft_bytes(struct draft *d, const void *bytes, size_t len, size_t alignment);
uint32_t draft_text(struct draft *d, const char *text);
uint32_t draft_texts(struct draft *d, const char *const *texts); /* NULL behind the last one */
uint32_t draft_slot(struct draft *d, int fd);
void draft_finish(struct draft *d);

/* Steps with their arguments. */
void draft_path(struct draft *d, enum plan_step_kind kind, const char *path);
void draft_exec(struct draft *d, const char *const *argv, const char *const *envp);
void draft_shell(struct draft *d, const char *script); /* busybox, or the host's sh */
void draft_find(struct draft *d, const char *name, const char *const *candidates);
void draft_wait(struct draft *d, uint32_t listen_slot);

/* A running init. */
struct run {
	pid_t pid;
	int channel;
	int output; /* what is written to standard output and error */
};

/* Start init with the draft as it stands (draft_finish is the caller's), in new namespaces. */
void run_start(struct run *r, const struct draft *d, unsigned long namespaces);
/* The next message's kind, 0 at the end of file; *ret_fd is what came beside it or -1. */
uint32_t run_receive(struct run *r, struct plan_msg *m, int *ret_fd);
void run_go(int channel);
/* Everything that was printed, until nobody can print any more. */
char *run_output(struct run *r, char *to, size_t size);
int run_wait(struct run *r); /* exit code, or 128 + signal */

/* Finish the draft, run it, and expect the program to be executed and to end with 0. */
char *run_to_end(struct draft *d, unsigned long namespaces, char *to, size_t size);
/* Finish the draft, run it, and expect step @step to fail with @errnum. */
void run_to_failure(struct draft *d, unsigned long namespaces, uint32_t step, int errnum,
		    struct plan_msg *m);

/* A root file system with busybox in a temporary directory; NULL and a reason when impossible. */
char *rootfs_make(void);
void rootfs_remove(char *path);
void rootfs_write(const char *root, const char *name, const char *text);
/* A detached recursive clone of it, private. */
int rootfs_clone(const char *root);

#define skip_unless_root()                                                    \
	do {                                                                  \
		if (geteuid() != 0) {                                         \
			print_message("needs root: namespaces and mounts\n"); \
			skip();                                               \
		}                                                             \
	} while (0)

#endif
