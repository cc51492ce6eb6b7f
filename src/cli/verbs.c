/* SPDX-License-Identifier: Apache-2.0 */
/* verbs - the list of all verbs, in the order of help, and finding one in it. */
#include "cli/cli.h"

#include <string.h>

const struct verb *const cli_verbs[] = {
#define X(name) &verb_##name,
	CLI_VERBS(X)
#undef X
		NULL,
};

const struct verb *cli_find_verb(const char *name)
{
	for (const struct verb *const *verb = cli_verbs; *verb; verb++) {
		if (strcmp((*verb)->name, name) == 0)
			return *verb;
	}
	return NULL;
}
