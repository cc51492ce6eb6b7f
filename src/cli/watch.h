/* SPDX-License-Identifier: Apache-2.0 */
/* watch - staying with a server in a container until it ends or somebody ends it. */
#ifndef TINYRUN_CLI_WATCH_H
#define TINYRUN_CLI_WATCH_H

#include "cli/probe.h"
#include "tinyrun/container.h"

struct watch {
	struct runtime *rt;
	const char *id;
	pid_t pid; /* its process, a child of ours */
	struct probe probe;
	int log_fd, errors_fd; /* what it prints, for our streams; -1: it has ours itself */
	bool live;             /* a line on standard error says how it is doing */
	uint64_t memory_limit; /* 0: none */
	int cgroup_fd;         /* watch_open() sets it; -1: none */
};

/* Opens what is looked at while it runs, and is still there when it has ended. */
void watch_open(struct watch *w);
void watch_close(struct watch *w);
/* The kernel has killed for want of memory in its cgroup. */
bool watch_out_of_memory(const struct watch *w);

/*
 * SIGINT, SIGTERM, SIGHUP and SIGQUIT have to be blocked. The first one asks the server to end, the
 * second one does not ask. *ret_status is its exit status, 0 when it ended because it was asked.
 */
int watch_run(const struct watch *w, int *ret_status, struct err *e);
/* Waits until @w's server answers on its status port. False: it ended before, or says nothing. */
bool watch_ready(const struct watch *w);

#endif
