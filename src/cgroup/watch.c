/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch - waits for what happens to a cgroup: its last process ends, the kernel kills for memory.
 *
 * cgroup.events and memory.events are polled for POLLPRI; a removed cgroup's files report an error,
 * and reading them says that it is gone.
 */
#include "tinyrun/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "cgroup/internal.h"
#include "tinyrun/fd.h"

/* Reading from the start is what makes the next change be reported. False: the file is gone. */
static bool read_key(int fd, const char *key, uint64_t *ret)
{
	char text[CGROUP_FILE_MAX];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n < 0)
		return false;
	text[n] = '\0';
	return cgroup_file_key(text, key, ret);
}

int cgroup_watch_open(int cgroup_fd, struct cgroup_watch *ret, struct err *e)
{
	*ret = CGROUP_WATCH_INIT;
	ret->events_fd = openat(cgroup_fd, "cgroup.events", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (ret->events_fd < 0)
		return err_sys(e, "open cgroup.events");
	ret->memory_fd = openat(cgroup_fd, "memory.events", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (ret->memory_fd >= 0) /* else there is no memory controller */
		(void)read_key(ret->memory_fd, "oom_kill", &ret->oom_kills);
	return 0;
}

void cgroup_watch_close(struct cgroup_watch *watch)
{
	fd_close(&watch->events_fd);
	fd_close(&watch->memory_fd);
}

static unsigned look(struct cgroup_watch *watch)
{
	uint64_t kills = watch->oom_kills, populated = 0;
	unsigned seen = 0;

	if (watch->memory_fd >= 0 && read_key(watch->memory_fd, "oom_kill", &kills) &&
	    kills > watch->oom_kills)
		seen |= CGROUP_WATCH_OOM;
	watch->oom_kills = kills;
	if (!read_key(watch->events_fd, "populated", &populated) || populated == 0)
		seen |= CGROUP_WATCH_END;
	return seen;
}

int cgroup_watch_wait(struct cgroup_watch *watch, int timeout_ms, unsigned *ret, struct err *e)
{
	struct pollfd fds[] = {{.fd = watch->events_fd, .events = POLLPRI},
			       {.fd = watch->memory_fd, .events = POLLPRI}};

	*ret = look(watch);
	if (*ret)
		return 0;
	if (poll(fds, 2, timeout_ms) < 0 && errno != EINTR)
		return err_sys(e, "watch the cgroup");
	*ret = look(watch);
	return 0;
}
