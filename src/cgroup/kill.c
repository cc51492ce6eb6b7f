/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill - the end of everything in a cgroup, and the freezer.
 *
 * cgroup.kill is one write that no fork escapes, and SIGKILL reaches frozen processes as well; they
 * are thawed after it, so nothing of theirs runs again. What comes of a write is told by
 * cgroup.events, on which poll(2) sleeps.
 */
#include "tinyrun/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "cgroup/internal.h"
#include "tinyrun/fd.h"

static int64_t now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail with this clock */
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Is @key @want by now? A cgroup that was removed has nobody in it and is not frozen. */
static int is_reached(int events_fd, const char *key, uint64_t want, bool *ret, struct err *e)
{
	char text[CGROUP_FILE_MAX];
	uint64_t value = 0;
	ssize_t n;

	do
		n = pread(events_fd, text, sizeof(text) - 1, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno != ENODEV)
		return err_sys(e, "read cgroup.events");
	text[n < 0 ? 0 : n] = 0;
	if (n >= 0 && !cgroup_file_key(text, key, &value))
		return err_num(e, ENOTSUP, "cgroup.events has no \"%s\"", key);
	*ret = value == want;
	return 0;
}

int cgroup_wait_event(int cgroup_fd, const char *key, uint64_t want, int timeout_ms, struct err *e)
{
	int64_t end = now_ms() + timeout_ms;
	auto_fd int fd = openat(cgroup_fd, "cgroup.events", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	bool reached = false;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open cgroup.events");
	for (;;) {
		struct pollfd change = {.fd = fd, .events = POLLPRI};
		int r = is_reached(fd, key, want, &reached, e);
		int64_t left = end - now_ms();

		if (r < 0 || reached)
			return r;
		if (left <= 0)
			return err_num(e, ETIMEDOUT,
				       "wait %d ms for \"%s %" PRIu64 "\" of the cgroup",
				       timeout_ms, key, want);
		if (poll(&change, 1, (int)left) < 0 && errno != EINTR)
			return err_sys(e, "wait for cgroup.events");
	}
}

/* Writes the freezer's file; a kernel without one (before 5.2) freezes nothing. */
static int put_freeze(int cgroup_fd, bool frozen, struct err *e)
{
	struct err refused = ERR_INIT;
	int r = fd_put(cgroup_fd, "cgroup.freeze", frozen ? "1" : "0", &refused);

	if (r == -ENODEV || (r == -ENOENT && !frozen))
		return 0;
	if (r < 0)
		*e = refused;
	return r;
}

int cgroup_freeze(int cgroup_fd, bool frozen, int timeout_ms, struct err *e)
{
	struct err ignored = ERR_INIT;
	int r = put_freeze(cgroup_fd, frozen, e);

	if (r == 0)
		r = cgroup_wait_event(cgroup_fd, "frozen", frozen, timeout_ms, e);
	if (r < 0 && frozen)
		(void)put_freeze(cgroup_fd, false, &ignored); /* half frozen is of no use */
	return r < 0 ? err_wrap(e, frozen ? "freeze the cgroup" : "thaw the cgroup") : 0;
}

int cgroup_kill_each(int cgroup_fd, int timeout_ms, struct err *e)
{
	struct err ignored = ERR_INIT;
	int r;

	/* One that does not freeze is killed as well; only its newest children may get away, and
	 * then the wait that follows says so. */
	r = put_freeze(cgroup_fd, true, &ignored);
	if (r == 0)
		(void)cgroup_wait_event(cgroup_fd, "frozen", 1, timeout_ms, &ignored);
	r = cgroup_signal_all(cgroup_fd, SIGKILL, e);
	(void)put_freeze(cgroup_fd, false, &ignored);
	return r;
}

static int kill_all(int cgroup_fd, int timeout_ms, struct err *e)
{
	struct err refused = ERR_INIT;
	int r = fd_put(cgroup_fd, "cgroup.kill", "1", &refused);

	if (r == -ENOENT)
		return cgroup_kill_each(cgroup_fd, timeout_ms, e);
	if (r < 0 && r != -ENODEV) {
		*e = refused;
		return r;
	}
	return put_freeze(cgroup_fd, false, e);
}

int cgroup_kill(int cgroup_fd, int timeout_ms, struct err *e)
{
	char events[CGROUP_FILE_MAX];
	uint64_t populated = 1;
	int r = cgroup_file_read(cgroup_fd, "cgroup.events", events, sizeof(events), e);

	if (r == CGROUP_E_MISSING)
		return 0;
	/* Nobody can come back into an empty one but by a hand from outside. */
	if (r == 0 && cgroup_file_key(events, "populated", &populated) && populated == 0)
		return 0;
	if (r == 0)
		r = kill_all(cgroup_fd, timeout_ms, e);
	if (r == 0)
		r = cgroup_wait_event(cgroup_fd, "populated", 0, timeout_ms, e);
	return r < 0 ? err_wrap(e, "kill the processes of the cgroup") : 0;
}
