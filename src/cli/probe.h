/* SPDX-License-Identifier: Apache-2.0 */
/* probe - asking the server in a container how it is doing, and what it answers. */
#ifndef TINYRUN_CLI_PROBE_H
#define TINYRUN_CLI_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tinyrun/err.h"

struct probe {
	int ns_fd;     /* the container's network namespace */
	uint16_t port; /* of its loopback address */
};

#define PROBE_INIT ((struct probe){.ns_fd = -1})
#define auto_probe __attribute__((cleanup(probe_close)))

/* @pid is a process in the container, and a child of ours or held otherwise. */
int probe_open(pid_t pid, uint16_t port, struct probe *ret, struct err *e);
void probe_close(struct probe *p);
/*
 * Sends GET @path and puts the whole answer into @out, 0-terminated, cut off at @size. False when
 * there was none of status 200 within a second. What it says is the container's word.
 */
bool probe_get(const struct probe *p, const char *path, char *out, size_t size);

/* The sum of all values of @name in Prometheus' text; 0 when it is not there. */
uint64_t probe_metric(const char *text, const char *name);

#endif
