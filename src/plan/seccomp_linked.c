/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp_linked - libseccomp where it is part of the program. */
#include "plan/seccomp.h"

#include <stdio.h>
#include <string.h>

int seccomp_library(const struct seccomp_api **ret, struct err *e)
{
	static const struct seccomp_api api = {
#define X(name) .name = seccomp_##name,
		SECCOMP_FUNCTIONS(X)
#undef X
	};

	(void)e; /* it is there */
	*ret = &api;
	return 0;
}

int seccomp_library_stamp(char ret[SECCOMP_STAMP], struct err *e)
{
	const struct scmp_version *v = seccomp_version();

	(void)e;
	(void)snprintf(ret, SECCOMP_STAMP, "%u.%u.%u/%x linked", v->major, v->minor, v->micro,
		       seccomp_arch_native());
	return 0;
}

bool seccomp_stamp_is_current(const char *stamp)
{
	char now[SECCOMP_STAMP];
	struct err none = ERR_INIT;

	return seccomp_library_stamp(now, &none) == 0 && strcmp(stamp, now) == 0;
}
