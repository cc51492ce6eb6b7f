/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_dlopen - libseccomp loaded by the calls that compile a filter, so that all others do not
 * pay for mapping it.
 *
 * The stamp must tell whether a library that is not loaded is still the one that made a filter. So
 * it has the path that the loader found, and the file's device, inode, size and time.
 */
#include "plan/seccomp.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#define LIBRARY "libseccomp.so.2"

static struct seccomp_api api;
static void *handle;

static int load(struct err *e)
{
	static const char *const names[] = {
#define X(name) "seccomp_" #name,
		SECCOMP_FUNCTIONS(X)
#undef X
	};
	void *functions[sizeof(names) / sizeof(names[0])];
	void *lib = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	_Static_assert(sizeof(functions) == sizeof(api), "the table is of functions alone");
	if (!lib)
		return err_user(e, "load the library that compiles filters: %s", dlerror());
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		functions[i] = dlsym(lib, names[i]);
		if (!functions[i]) {
			(void)dlclose(lib); /* nothing of it was used */
			return err_user(e, LIBRARY " has no %s: 2.5 is needed", names[i]);
		}
	}
	memcpy(&api, functions, sizeof(api));
	handle = lib;
	return 0;
}

int seccomp_library(const struct seccomp_api **ret, struct err *e)
{
	int r = handle ? 0 : load(e);

	if (r == 0)
		*ret = &api;
	return r;
}

int seccomp_library_stamp(char ret[SECCOMP_STAMP], struct err *e)
{
	const struct scmp_version *v = api.version();
	struct link_map *map = NULL;
	char head[48];
	int n = snprintf(head, sizeof(head), "%u.%u.%u/%x", v->major, v->minor, v->micro,
			 api.arch_native());

	/* it may have been replaced by another since it was loaded */
	if (dlinfo(handle, RTLD_DI_LINKMAP, &map) < 0 ||
	    !seccomp_stamp_file(head, n, map->l_name, ret))
		return err_user(e, "find the file of " LIBRARY);
	return 0;
}
