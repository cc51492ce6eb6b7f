/* SPDX-License-Identifier: Apache-2.0 */
/* verbs - the list of all verbs, in the order of help, and finding one in it. */
#include "cli/cli.h"

#include <string.h>

const struct verb *const cli_verbs[] = {
	&verb_run,    &verb_create,  &verb_start, &verb_kill,   &verb_delete, &verb_exec,
	&verb_do,     &verb_state,   &verb_list,  &verb_ps,     &verb_pause,  &verb_resume,
	&verb_update, &verb_events,  &verb_spec,  &verb_bundle, &verb_plan,   &verb_features,
	&verb_help,   &verb_version, NULL,
};

const struct verb *cli_find_verb(const char *name)
{
	for (const struct verb *const *verb = cli_verbs; *verb; verb++) {
		if (strcmp((*verb)->name, name) == 0)
			return *verb;
	}
	return NULL;
}
