/* SPDX-License-Identifier: Apache-2.0 */
/* property - what the makers of properties share. */
#ifndef CGROUP_PROPERTY_H
#define CGROUP_PROPERTY_H

#include "tinyrun/scope.h"

/* A new last one without values; @signature is static. *ret is good until the next call. */
int property_add(struct scope_properties *list, const char *name, const char *signature,
		 unsigned since, struct scope_property **ret, struct err *e);
int property_value(struct scope_property *p, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
