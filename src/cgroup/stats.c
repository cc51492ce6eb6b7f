/* SPDX-License-Identifier: Apache-2.0 */
/* stats - what a cgroup says of itself: out-of-memory kills, and whether it is frozen. */
#include "tinyrun/cgroup.h"

#include <string.h>

#include "cgroup/internal.h"

int cgroup_oom_kills(int cgroup_fd, uint64_t *ret, struct err *e)
{
	char text[CGROUP_FILE_MAX];
	uint64_t kills = 0;
	int r = cgroup_file_read(cgroup_fd, "memory.events", text, sizeof(text), e);

	if (r < 0)
		return r;
	if (r == 0)
		(void)cgroup_file_key(text, "oom_kill", &kills); /* no such line: 0 */
	*ret = kills;
	return 0;
}

/* The freezer's own file, not cgroup.events: paused is what was asked of this very cgroup. */
int cgroup_is_frozen(int cgroup_fd, bool *ret, struct err *e)
{
	char text[CGROUP_FILE_MAX];
	int r = cgroup_file_read(cgroup_fd, "cgroup.freeze", text, sizeof(text), e);

	if (r < 0)
		return r;
	*ret = r == 0 && text[0] == '1';
	return 0;
}
