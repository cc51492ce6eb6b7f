/* SPDX-License-Identifier: Apache-2.0 */
/* bundle - the options that create, run and plan have in common, for their tables. */
#ifndef TINYRUN_CLI_BUNDLE_H
#define TINYRUN_CLI_BUNDLE_H

#include "cli/netflags.h"
#include "cli/opt.h"
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

_Static_assert(offsetof(struct bundle_args, options) == 0, "rows count from the start");

/* What decides how the container comes out: create, run, plan. */
#define BUNDLE_OPTS                                                                        \
	OPT_TEXT("bundle", 'b', struct container_options, bundle, "DIR",                   \
		 "directory of config.json and the root file system (default: .)"),        \
		OPT_TEXT("config", 'f', struct container_options, config, "FILE",          \
			 "configuration to use in place of the bundle's config.json"),     \
		OPT_FLAG("no-pivot", 0, struct container_options, no_pivot,                \
			 "enter the root by moving its mount, not by pivot_root(2)"),      \
		OPT_FLAG("no-new-keyring", 0, struct container_options, no_new_keyring,    \
			 "keep the caller's session keyring"),                             \
		OPT_NUMBER("preserve-fds", 0, struct container_options, preserve_fds, "N", \
			   "pass N more descriptors, from 3 on, to the container"),        \
		NETFLAGS_OPTS(struct bundle_args, net)

/* What tells the caller about the container: create, run. */
#define CALLER_OPTS                                                                             \
	OPT_TEXT("pid-file", 0, struct container_options, pid_file, "FILE",                     \
		 "write the process id of the container's process here"),                       \
		OPT_TEXT("console-socket", 0, struct container_options, console_socket, "SOCK", \
			 "send the terminal's master side to this unix socket"),                \
		OPT_TEXT("pidfd-socket", 0, struct container_options, pidfd_socket, "SOCK",     \
			 "send a pidfd of the container's process to this socket")

#endif
