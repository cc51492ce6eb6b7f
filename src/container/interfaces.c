/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interfaces - what has passed a container's network interfaces, for `events`.
 *
 * /proc/PID/net/dev is that of the process's network namespace. A container in our own has no
 * interfaces of its own, and the loopback is nobody's traffic. proc(5) has the columns.
 */
#include "container/interfaces.h"

#include "tinyrun/fd.h"
#include "tinyrun/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define TEXT_MAX ((size_t)4 << 20)

/* The text of @pid's net/dev; *ret stays NULL where it has no network of its own, or has ended. */
static int read_text(pid_t pid, char **ret, struct err *e)
{
	struct stat theirs, ours;
	auto_fd int fd = -1;
	char name[48];
	size_t len;
	int proc = proc_fd(e);

	if (proc < 0)
		return proc;
	(void)snprintf(name, sizeof(name), "%d/ns/net", (int)pid);
	if (fstatat(proc, name, &theirs, 0) < 0 || fstatat(proc, "self/ns/net", &ours, 0) < 0)
		return 0;
	if (theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev)
		return 0;
	(void)snprintf(name, sizeof(name), "%d/net/dev", (int)pid);
	fd = openat(proc, name, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? 0 : fd_read_all(fd, TEXT_MAX, "the container's net/dev", ret, &len, e);
}

static void add_line(const char *line, const char **gap, struct buf *out)
{
	uint64_t rx[4], tx[4];
	char name[64];

	if (sscanf(line,
		   " %63[^:]: %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		   " %*u %*u %*u %*u %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
		   name, &rx[0], &rx[1], &rx[2], &rx[3], &tx[0], &tx[1], &tx[2], &tx[3]) != 9)
		return; /* a heading */
	if (strcmp(name, "lo") == 0)
		return;
	buf_addf(out, "%s{\"Name\":", *gap);
	buf_add_json_str(out, name);
	buf_addf(out,
		 ",\"RxBytes\":%" PRIu64 ",\"RxPackets\":%" PRIu64 ",\"RxErrors\":%" PRIu64
		 ",\"RxDropped\":%" PRIu64 ",\"TxBytes\":%" PRIu64 ",\"TxPackets\":%" PRIu64
		 ",\"TxErrors\":%" PRIu64 ",\"TxDropped\":%" PRIu64 "}",
		 rx[0], rx[1], rx[2], rx[3], tx[0], tx[1], tx[2], tx[3]);
	*gap = ",";
}

void interfaces_print(const char *text, struct buf *out)
{
	const char *gap = "";

	buf_add_char(out, '[');
	for (const char *line = text; line && *line;) {
		add_line(line, &gap, out);
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	buf_add_char(out, ']');
}

int interfaces_report(const struct state *st, struct buf *out, struct err *e)
{
	auto_free char *text = NULL;
	auto_fd int pidfd = -1;
	int r = st->pid > 1 ? read_text(st->pid, &text, e) : 0;

	if (r == 0) /* it still is who it was: what was read is its */
		r = state_pidfd(st, &pidfd, e);
	if (r < 0)
		return r;
	interfaces_print(r == 0 ? text : NULL, out);
	return 0;
}
