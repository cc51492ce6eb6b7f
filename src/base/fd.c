/* SPDX-License-Identifier: Apache-2.0 */
/* fd - reading and writing whole files through descriptors, whatever the kernel hands out. */
#include "tinyrun/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

int fd_fill_stdio(struct err *e)
{
	for (int fd = 0; fd <= 2; fd++) {
		int got;

		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		/* The lowest free number is taken, so this is @fd. Not O_CLOEXEC: it is stdio. */
		got = open("/dev/null", O_RDWR);
		if (got < 0)
			return err_sys(e, "open /dev/null");
		if (got != fd) {
			(void)close(got); /* another thread was in between: nothing to save */
			return err_num(e, EBADF, "fill descriptor %d", fd);
		}
	}
	return 0;
}

unsigned fd_count_inherited(void)
{
	int fd = 3;

	while (fcntl(fd, F_GETFD) >= 0)
		fd++;
	return (unsigned)fd - 3;
}

int fd_write_all(int fd, const void *data, size_t len, const char *what, struct err *e)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "write %s", what);
		if (n == 0)
			return err_num(e, EIO, "write %s", what);
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* How much to ask for first: the size of a regular file and one byte to see its end. */
static size_t first_size(int fd, size_t max)
{
	struct stat st;
	size_t want = 4096;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
		want = (size_t)st.st_size < max ? (size_t)st.st_size : max;
	if (want > max)
		want = max;
	return want + 2;
}

/* One read behind *@len of *@data, which grows when it is full. Returns read(2)'s answer. */
static ssize_t read_more(int fd, char **data, size_t *size, size_t len, size_t max)
{
	ssize_t n;

	if (*size - len < 2) {
		size_t bigger = *size * 2 < max + 2 ? *size * 2 : max + 2;
		char *grown = realloc(*data, bigger);

		if (!grown)
			return -1;
		*data = grown;
		*size = bigger;
	}
	do
		n = read(fd, *data + len, *size - len - 1);
	while (n < 0 && errno == EINTR);
	return n;
}

int fd_read_all(int fd, size_t max, const char *what, char **ret_data, size_t *ret_len,
		struct err *e)
{
	size_t size = first_size(fd, max), len = 0;
	auto_free char *data = malloc(size);
	ssize_t n;

	if (!data)
		return err_num(e, ENOMEM, "read %s", what);
	while ((n = read_more(fd, &data, &size, len, max)) > 0) {
		len += (size_t)n;
		if (len > max)
			return err_num(e, EFBIG, "read %s: more than %zu bytes", what, max);
	}
	if (n < 0)
		return err_sys(e, "read %s", what);
	data[len] = 0;
	*ret_data = data;
	*ret_len = len;
	data = NULL;
	return 0;
}

int fd_put(int dir_fd, const char *name, const char *text, struct err *e)
{
	auto_fd int fd = openat(dir_fd, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	size_t len = strlen(text);
	ssize_t n;

	if (fd < 0)
		return err_sys(e, "open %s", name);
	do
		n = write(fd, text, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, "write %s to %s", text, name);
	if ((size_t)n != len)
		return err_num(e, EIO, "write %s to %s", text, name);
	return 0;
}
