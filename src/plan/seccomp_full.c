/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_full - in the small tinyrun: a filter that is not in the cache is compiled by the full
 * one. It is needed before anything is made, so that one can begin anew.
 */
#include "plan/seccomp.h"

#include "tinyrun/full.h"

int seccomp_library(const struct seccomp_api **ret, struct err *e)
{
	*ret = NULL;
	return full_become("compile a system call filter", e);
}

int seccomp_library_stamp(char ret[SECCOMP_STAMP], struct err *e)
{
	ret[0] = 0;
	return err_user(e, "no library is loaded");
}
