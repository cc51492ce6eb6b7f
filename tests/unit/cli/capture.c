/* SPDX-License-Identifier: Apache-2.0 */
/* capture - see capture.h. Standard output and error are memory files while the call lasts. */
#include "capture.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/cli.h"

static struct captured captured;

static int swap_in(int fd, int at)
{
	int saved = fcntl(at, F_DUPFD_CLOEXEC, 10);

	if (fd < 0 || saved < 0 || dup2(fd, at) < 0)
		abort();
	return saved;
}

static void swap_back(int saved, int at)
{
	if (dup2(saved, at) < 0)
		abort();
	(void)close(saved);
}

static void slurp(int fd, char *into, size_t size)
{
	ssize_t n = pread(fd, into, size - 1, 0);

	into[n < 0 ? 0 : n] = '\0';
	(void)close(fd);
}

/* The words themselves are only read; what the program moves is the array. */
static int call(const char *const *words, int out_fd, int err_fd)
{
	char name[] = "tinyrun", *argv[32] = {name};
	int argc = 1, saved_out, saved_err, status;

	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc - 1];
	(void)fflush(NULL);
	saved_out = swap_in(out_fd, STDOUT_FILENO);
	saved_err = swap_in(err_fd, STDERR_FILENO);
	status = cli_main(argc, argv);
	(void)fflush(NULL);
	swap_back(saved_out, STDOUT_FILENO);
	swap_back(saved_err, STDERR_FILENO);
	return status;
}

const struct captured *capture(const char *const *words)
{
	int out_fd = memfd_create("out", MFD_CLOEXEC);
	int err_fd = memfd_create("err", MFD_CLOEXEC);

	captured.status = call(words, out_fd, err_fd);
	slurp(out_fd, captured.out, sizeof(captured.out));
	slurp(err_fd, captured.err, sizeof(captured.err));
	return &captured;
}

const struct captured *capture_to(const char *path, const char *const *words)
{
	int out_fd = open(path, O_WRONLY | O_CLOEXEC);
	int err_fd = memfd_create("err", MFD_CLOEXEC);

	captured.status = call(words, out_fd, err_fd);
	captured.out[0] = '\0';
	(void)close(out_fd);
	slurp(err_fd, captured.err, sizeof(captured.err));
	return &captured;
}
