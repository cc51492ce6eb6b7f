/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file - regular files below the root. The only file of the server that opens paths.
 *
 * The kernel keeps the look-up below the root (RESOLVE_BENEATH), whatever names and symlinks do in
 * the meantime; a symlink that stays inside is followed. What was opened is then asked what it is:
 * O_NONBLOCK, so that a FIFO cannot hold us, O_NOCTTY, so that a terminal cannot become ours.
 */
#include "httpd/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tinyrun/fd.h"

#define INDEX      "index.html"
#define OPEN_FLAGS (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
#define RETRIES    8 /* openat2 says EAGAIN when a rename elsewhere might have let ".." escape */

static int open_beneath(int root_fd, const char *path)
{
	struct open_how how = {
		.flags = OPEN_FLAGS,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	int fd = -1;

	for (int i = 0; i < RETRIES && fd < 0; i++) {
		fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
		if (fd < 0 && errno != EAGAIN && errno != EINTR)
			break;
	}
	return fd;
}

/* The same without openat2: each directory in turn, no symlink followed at all. */
static int open_walk(int root_fd, const char *path)
{
	auto_fd int dir_fd = -1;
	char name[NAME_MAX + 1];
	const char *slash;

	while ((slash = strchr(path, '/')) != NULL && slash[1] != 0) {
		size_t len = (size_t)(slash - path);
		int fd;

		if (len > NAME_MAX) {
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(name, path, len);
		name[len] = 0;
		fd = openat(dir_fd < 0 ? root_fd : dir_fd, name,
			    O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return -1;
		fd_close(&dir_fd);
		dir_fd = fd;
		path = slash + 1;
	}
	return openat(dir_fd < 0 ? root_fd : dir_fd, path, OPEN_FLAGS | O_NOFOLLOW);
}

int file_root_open(const char *path, struct file_root *ret, struct err *e)
{
	auto_fd int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd int probe = -1;

	if (fd < 0)
		return err_sys(e, "open the directory %s", path);
	probe = open_beneath(fd, ".");
	/* EPERM is what seccomp filters that are older than the call say */
	ret->walk = probe < 0 && (errno == ENOSYS || errno == EPERM);
	if (probe < 0 && !ret->walk && faccessat(fd, ".", X_OK, AT_EACCESS) < 0)
		return err_sys(e, "enter the directory %s", path);
	ret->fd = fd_take(&fd);
	return 0;
}

static int status_of(int errnum)
{
	switch (errnum) {
	case ENOENT:
	case ENOTDIR:
	case ELOOP:
	case ENAMETOOLONG:
	case EXDEV: /* out of the root */
	case ENXIO: /* a socket, or a device that is not there */
	case ENODEV:
		return 404;
	case EACCES:
	case EPERM:
		return 403;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case EAGAIN:
		return 503;
	default:
		return 500;
	}
}

static void version_of(const struct stat *st, struct file_version *ret)
{
	*ret = (struct file_version){
		.dev = st->st_dev,
		.ino = st->st_ino,
		.size = (uint64_t)st->st_size,
		.mtime_sec = st->st_mtim.tv_sec,
		.mtime_nsec = (uint32_t)st->st_mtim.tv_nsec,
		.ctime_sec = st->st_ctim.tv_sec,
		.ctime_nsec = (uint32_t)st->st_ctim.tv_nsec,
	};
}

int file_open(const struct file_root *root, const char *path, int *ret_fd,
	      struct file_version *ret_version)
{
	char index[PATH_MAX];
	size_t len = strlen(path);
	auto_fd int fd = -1;
	struct stat st;

	if (len == 0 || path[len - 1] == '/') {
		if (len + sizeof(INDEX) > sizeof(index))
			return 404;
		memcpy(mempcpy(index, path, len), INDEX, sizeof(INDEX));
		path = index;
	}
	fd = root->walk ? open_walk(root->fd, path) : open_beneath(root->fd, path);
	if (fd < 0)
		return status_of(errno);
	if (fstat(fd, &st) < 0)
		return 500;
	if (S_ISDIR(st.st_mode))
		return path == index ? 404 : 301;
	if (!S_ISREG(st.st_mode))
		return 404;
	version_of(&st, ret_version);
	*ret_fd = fd_take(&fd);
	return 200;
}

bool file_read(int fd, char *data, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(fd, data + done, size - done, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}
