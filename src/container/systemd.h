/* SPDX-License-Identifier: Apache-2.0 */
/* systemd - scopes of systemd, by way of the program tinyrun-systemd. */
#ifndef CONTAINER_SYSTEMD_H
#define CONTAINER_SYSTEMD_H

#include "tinyrun/err.h"
#include "tinyrun/scope.h"

#include <stdbool.h>
#include <sys/types.h>

/* Whose systemd: the system's, or the user's own. */
enum systemd_whose { SYSTEMD_SYSTEM, SYSTEMD_USER };

/* A process that keeps a new scope alive until the container's is in it. */
struct systemd_keeper {
	pid_t pid;  /* 0: there is none */
	int end_fd; /* it ends when this is closed */
};

#define SYSTEMD_KEEPER_INIT ((struct systemd_keeper){.end_fd = -1})

/* What was asked for was certainly not made; a unit of the name is another's. */
#define SYSTEMD_E_NOT_MADE 1

/* Returns 0, SYSTEMD_E_NOT_MADE with @e filled, or negative: it may be there now. */
int systemd_start(enum systemd_whose whose, const char *unit,
		  const struct scope_properties *properties, struct systemd_keeper *ret,
		  struct err *e);
void systemd_keeper_end(struct systemd_keeper *keeper);
int systemd_set(enum systemd_whose whose, const char *unit,
		const struct scope_properties *properties, struct err *e);
/* Ends all of it and forgets it, unless its description is another than @description. */
int systemd_stop(enum systemd_whose whose, const char *unit, const char *description,
		 struct err *e);

#endif
