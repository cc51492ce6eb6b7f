/* SPDX-License-Identifier: Apache-2.0 */
/* sysctl - values below /proc/sys, of the network namespace that this process is in. */
#ifndef NET_SYSCTL_H
#define NET_SYSCTL_H

#include "tinyrun/err.h"

#include <stdbool.h>
#include <stddef.h>

#define SYSCTL_E_MISSING 1

/* A short value without its newline; SYSCTL_E_MISSING where there is no such file. */
int sysctl_read(const char *path, char *ret, size_t size, struct err *e);
int sysctl_write(const char *path, const char *value, struct err *e);
/* Whether links of this namespace can have IPv6 addresses. */
bool sysctl_has_ipv6(void);
/* Whether bridged packets pass the rules too. */
bool sysctl_filters_bridges(void);

#endif
