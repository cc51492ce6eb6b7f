/* SPDX-License-Identifier: Apache-2.0 */
/* stub-container - container/ as far as the verbs call it: writes down what it was asked for. */
#ifndef TESTS_CLI_STUB_CONTAINER_H
#define TESTS_CLI_STUB_CONTAINER_H

#include "tinyrun/container.h"

struct stub {
	const char *called; /* name of the last function, NULL: none */
	char id[160];
	int sig;
	bool flag; /* all, force */
	struct container_options options;
	struct container_exec exec;
	struct container_checkpoint checkpoint;
	struct container_restore restore;
	char words[160]; /* exec's lists, each word with a '|' behind it */
	struct limits limits;
	int interval;
	struct runtime runtime;
	enum runtime_root how;
	char root[160];
	enum container_plan_format format;
	/* what to answer */
	int fail;   /* positive errno: every verb fails with it */
	int status; /* of run */
	bool no_root;
	size_t entries; /* of list */
};

extern struct stub stub;

#endif
