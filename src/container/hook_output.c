/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook_output - where hooks of the host's write to.
 *
 * The annotations are known from crun. They may have come with an image, through an engine that
 * passes all of them on, so a file is opened with care: no symlink as the last name, nothing that
 * opening changes or that could hold us (a device, a FIFO that nobody reads), nothing is cut off,
 * and what is new is the caller's alone. /dev/stdout and /dev/stderr are those of the command.
 */
#include "container/hook_output.h"

#include "tinyrun/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define NULL_DEVICE makedev(1, 3)

static int check(int fd, const char *path, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat %s", path);
	if (S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode) ||
	    (S_ISCHR(st.st_mode) && st.st_rdev == NULL_DEVICE))
		return 0;
	return err_user(e, "%s is neither a file nor a FIFO nor /dev/null", path);
}

/* One of ours, where the path says so. */
static int stream_of(const char *path)
{
	if (strcmp(path, "/dev/stdout") == 0)
		return STDOUT_FILENO;
	return strcmp(path, "/dev/stderr") == 0 ? STDERR_FILENO : -1;
}

int hook_output_open_file(const char *path, int *ret_fd, struct err *e)
{
	auto_fd int fd = -1;
	int stream = stream_of(path), r;

	if (stream >= 0) {
		*ret_fd = fcntl(stream, F_DUPFD_CLOEXEC, 3);
		return *ret_fd < 0 ? err_sys(e, "duplicate a descriptor") : 0;
	}
	fd = open(path,
		  O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		  0600);
	if (fd < 0 && errno == ENXIO)
		return err_num(e, ENXIO, "%s is a FIFO that nobody reads, or no file", path);
	if (fd < 0)
		return err_sys(e, "open %s", path);
	r = check(fd, path, e);
	if (r < 0)
		return r;
	if (fcntl(fd, F_SETFL, O_APPEND) < 0)
		return err_sys(e, "open %s", path);
	*ret_fd = fd_take(&fd);
	return 0;
}

static int open_for(const struct spec *spec, enum spec_annotation_name name, int *ret_fd,
		    struct err *e)
{
	const char *path = spec_annotation_set(spec, name);
	int r = path ? hook_output_open_file(path, ret_fd, e) : 0;

	return r < 0 ? err_wrap(e, "annotations: %s", spec_annotation_text(name)) : 0;
}

int hook_output_open(const struct spec *spec, struct hook_output *ret, struct err *e)
{
	struct hook_output output = HOOK_OUTPUT_INIT;
	int r = open_for(spec, SPEC_ANNOTATION_HOOKS_STDOUT, &output.stdout_fd, e);

	if (r == 0)
		r = open_for(spec, SPEC_ANNOTATION_HOOKS_STDERR, &output.stderr_fd, e);
	if (r < 0)
		hook_output_close(&output);
	else
		*ret = output;
	return r;
}

void hook_output_close(struct hook_output *output)
{
	fd_close(&output->stdout_fd);
	fd_close(&output->stderr_fd);
}
