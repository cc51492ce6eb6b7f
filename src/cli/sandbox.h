/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox - a container without a bundle, for the verbs that compose one by themselves: its root is
 * a tmpfs with mounts of the host's files on it, its configuration is the default with a wish, its
 * users are nobody's on the host.
 *
 * An ordinary user has one id to give, its own: inside it is whatever the wish says, outside it is
 * that user, and so it reads what the user may read of what is there.
 */
#ifndef TINYRUN_CLI_SANDBOX_H
#define TINYRUN_CLI_SANDBOX_H

#include "cli/cli.h"
#include "tinyrun/bundle.h"
#include "tinyrun/spec.h"

struct sandbox {
	struct bundle tree;
	struct spec_wish wish;         /* mounts, maps and seccomp are filled in by sandbox_run() */
	struct spec_wish_mount *binds; /* those that are not plain and read-only */
	size_t n_binds;
	char id[32];             /* composed; for containers that were given no name */
	bool own;                /* for an ordinary user */
	uint32_t uid, gid, size; /* ids of the host that the container has: @size of them */
};

#define SANDBOX_IDS 65536u

/* @prefix and random digits make the id. */
int sandbox_init(struct sandbox *s, const char *prefix, struct err *e);
void sandbox_done(struct sandbox *s);
#define auto_sandbox __attribute__((cleanup(sandbox_done)))

/*
 * For an ordinary user: a user and a mount namespace, in which this process may do what root does
 * elsewhere. Between opening the runtime's root and sandbox_run().
 */
int sandbox_enter(const struct sandbox *s, struct err *e);
/* Mounted on @destination as @how says; the strings are borrowed. */
int sandbox_bind(struct sandbox *s, const struct spec_wish_mount *how, struct err *e);
/*
 * @program of the host with all it needs, read-only; *ret_path is how it is to be called. What
 * nobody but its owner may read is read as its owner.
 */
int sandbox_add_program(struct sandbox *s, const char *program, const char **ret_path,
			struct err *e);
/*
 * Takes away what commands that were killed have left: containers with ids of sandbox_init() with
 * this @prefix that have ended.
 */
void sandbox_sweep(struct runtime *rt, const char *prefix);
/*
 * Runs it, and leaves nothing unless @o says detach. @o has what is not about the image. Returns
 * like container_run().
 */
int sandbox_run(struct runtime *rt, struct sandbox *s, struct container_options *o, int *ret_status,
		struct err *e);

#endif
