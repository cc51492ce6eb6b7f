/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle - the options of the verbs that read a bundle: create, run, restore, plan. Each is in one
 * of four groups, for their tables.
 */
#ifndef TINYRUN_CLI_BUNDLE_H
#define TINYRUN_CLI_BUNDLE_H

#include "cli/cli.h"
#include "cli/netflags.h"
#include "tinyrun/container.h"

/* What the rows below are for: in a target that begins with it. */
struct bundle_args {
	struct container_options options;
	struct netflags net;
};

#define BUNDLE_ARGS_INIT ((struct bundle_args){.net = NETFLAGS_INIT})
#define auto_bundle_args __attribute__((cleanup(bundle_args_done)))
static inline void bundle_args_done(struct bundle_args *args)
{
	netflags_done(&args->net);
}

/* Reads the verb's options into a target that begins with @args, and opens the state root. */
int bundle_parse(struct cli *cli, struct bundle_args *args, enum runtime_root how,
		 struct runtime *rt, struct err *e);

_Static_assert(offsetof(struct bundle_args, options) == 0, "rows count from the start");

/* What the container is: all four. */
#define BUNDLE_OPTS                                                                    \
	OPT_TEXT("bundle", 'b', struct container_options, bundle, "DIR",               \
		 "directory of config.json and the root file system (default: .)"),    \
		OPT_TEXT("config", 'f', struct container_options, config, "FILE",      \
			 "configuration to use in place of the bundle's config.json"), \
		NETFLAGS_OPTS(struct bundle_args, net)

/* How its process is made: create, run, plan. */
#define INIT_OPTS                                                                          \
	OPT_FLAG("no-pivot", 0, struct container_options, no_pivot,                        \
		 "enter the root by moving its mount, not by pivot_root(2)"),              \
		OPT_FLAG("no-new-keyring", 0, struct container_options, no_new_keyring,    \
			 "keep the caller's session keyring"),                             \
		OPT_NUMBER("preserve-fds", 0, struct container_options, preserve_fds, "N", \
			   "pass N more descriptors, from 3 on, to the container")

/* What tells the caller about it: create, run, restore. */
#define CALLER_OPTS                                                                             \
	OPT_TEXT("pid-file", 0, struct container_options, pid_file, "FILE",                     \
		 "write the process id of the container's process here"),                       \
		OPT_TEXT("console-socket", 0, struct container_options, console_socket, "SOCK", \
			 "send the terminal's master side to this unix socket"),                \
		OPT_TEXT("pidfd-socket", 0, struct container_options, pidfd_socket, "SOCK",     \
			 "send a pidfd of the container's process to this socket")

/* Whether the caller waits for its end: run, restore. */
#define STAY_OPTS                                                                    \
	OPT_FLAG("detach", 'd', struct container_options, detach,                    \
		 "return as soon as the process runs"),                              \
		OPT_FLAG("keep", 0, struct container_options, keep,                  \
			 "leave the container in place when its process has ended"), \
		OPT_FLAG("no-subreaper", 0, struct container_options, no_subreaper,  \
			 "do not adopt the processes that the container leaves behind")

#endif
