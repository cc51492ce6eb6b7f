/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file - regular files below the root. The only file of the server that opens paths.
 *
 * The kernel keeps the look-up below the root (RESOLVE_BENEATH), whatever names and symlinks do in
 * the meantime; a symlink that stays inside is followed. What was opened is then asked what it is:
 * O_NONBLOCK, so that a FIFO cannot hold us, O_NOCTTY, so that a terminal cannot become ours.
 *
 * A loop must not wait for a disk: with FILE_NOW the kernel looks a path up in memory alone
 * (RESOLVE_CACHED) and reads what is in memory alone (RWF_NOWAIT), or says that it would block.
 */
#include "httpd/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "tinyrun/fd.h"

#define OPEN_FLAGS (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
#define RETRIES    8 /* openat2 says EAGAIN when a rename elsewhere might have let ".." escape */
#define WARM_BYTES (64 << 10)
#define YOUNG_NS   1000000000

#ifndef RESOLVE_CACHED
#define RESOLVE_CACHED 0x20
#endif
#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#endif

static int open_beneath(const struct file_root *root, const char *path, int flags,
			enum file_wait wait)
{
	struct open_how how = {
		.flags = (unsigned)flags,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	int fd = -1;

	if (root->no_symlinks)
		how.resolve |= RESOLVE_NO_SYMLINKS;
	if (wait == FILE_NOW)
		how.resolve |= RESOLVE_CACHED;
	for (int i = 0; i < (wait == FILE_NOW ? 1 : RETRIES) && fd < 0; i++) {
		fd = (int)syscall(SYS_openat2, root->fd, path, &how, sizeof(how));
		if (fd < 0 && errno != EAGAIN && errno != EINTR)
			break;
	}
	return fd;
}

/* The same without openat2: each directory in turn, no symlink followed at all. */
static int open_walk(int root_fd, const char *path, int flags)
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
	return openat(dir_fd < 0 ? root_fd : dir_fd, path, flags | O_NOFOLLOW);
}

static int open_any(const struct file_root *root, const char *path, int flags, enum file_wait wait)
{
	if (!root->walk)
		return open_beneath(root, path, flags, wait);
	if (wait == FILE_WAIT)
		return open_walk(root->fd, path, flags);
	errno = EAGAIN;
	return -1;
}

int file_root_open(const char *path, struct file_root *ret, struct err *e)
{
	auto_fd int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd int probe = -1;
	struct file_root at = {.fd = fd};

	if (fd < 0)
		return err_sys(e, "open the directory %s", path);
	probe = open_beneath(&at, ".", OPEN_FLAGS, FILE_WAIT);
	/* EPERM is what seccomp filters that are older than the call say */
	ret->walk = probe < 0 && (errno == ENOSYS || errno == EPERM);
	if (probe < 0 && !ret->walk && faccessat(fd, ".", X_OK, AT_EACCESS) < 0)
		return err_sys(e, "enter the directory %s", path);
	if (ret->n_index == 0)
		ret->index[ret->n_index++] = "index.html";
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

static uint64_t ns_of(int64_t sec, int64_t nsec)
{
	return (uint64_t)sec * 1000000000 + (uint64_t)nsec;
}

/* Who was changed long after now has its times from another clock, of which nothing follows. */
static void note_youth(const struct timespec *tick, struct file_version *v)
{
	uint64_t changed = ns_of(v->ctime_sec, v->ctime_nsec);
	uint64_t now = ns_of(tick->tv_sec, tick->tv_nsec);
	struct timespec ts;

	if (changed < now || changed - now > YOUNG_NS)
		return;
	clock_gettime(CLOCK_REALTIME, &ts);
	v->young_ns = ns_of(ts.tv_sec, ts.tv_nsec);
}

static int open_regular(const struct file_root *root, const char *path, int flags,
			enum file_wait wait, struct file_found *ret)
{
	auto_fd int fd = open_any(root, path, flags, wait);
	struct timespec tick;
	struct stat st;

	if (fd < 0)
		return wait == FILE_NOW && (errno == EAGAIN || errno == EINVAL) ? FILE_LATER
										: status_of(errno);
	clock_gettime(CLOCK_REALTIME_COARSE, &tick); /* of which files have their times */
	if (fstat(fd, &st) < 0)
		return 500;
	if (S_ISDIR(st.st_mode))
		return 301;
	if (!S_ISREG(st.st_mode))
		return 404;
	version_of(&st, &ret->version);
	note_youth(&tick, &ret->version);
	ret->fd = fd_take(&fd);
	return 200;
}

/* Of a directory, by its path with a slash or "": the first of the index files that is there. */
static int open_index(const struct file_root *root, const char *path, int flags,
		      enum file_wait wait, struct file_found *ret)
{
	char name[PATH_MAX];
	size_t len = strlen(path);
	int status = 404;

	for (unsigned i = 0; status == 404 && i < root->n_index; i++) {
		size_t n = strlen(root->index[i]);

		if (len + n + 1 > sizeof(name))
			return 404;
		memcpy(mempcpy(name, path, len), root->index[i], n + 1);
		status = open_regular(root, name, flags, wait, ret);
		if (status == 301)
			status = 404;
		ret->name = root->index[i];
		ret->index = i;
	}
	return status;
}

static int open_file(const struct file_root *root, const char *path, int flags, enum file_wait wait,
		     struct file_found *ret)
{
	size_t len = strlen(path);

	*ret = (struct file_found){.fd = -1, .name = path};
	if (len == 0 || path[len - 1] == '/')
		return open_index(root, path, flags, wait, ret);
	return open_regular(root, path, flags, wait, ret);
}

bool file_same(const struct file_version *a, const struct file_version *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->mtime_sec == b->mtime_sec && a->mtime_nsec == b->mtime_nsec &&
	       a->ctime_sec == b->ctime_sec && a->ctime_nsec == b->ctime_nsec;
}

/* What was read between two looks at the same version is that version. */
static bool fd_is(int fd, const struct file_version *version)
{
	struct file_version now;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	version_of(&st, &now);
	return file_same(&now, version);
}

/*
 * Without opening: a change of what is in the file, of its name or of who may read it is a change
 * of its version, and everything up to the root is looked up as ever.
 */
bool file_is_still(const struct file_root *root, const char *path,
		   const struct file_version *version)
{
	struct file_found found;
	bool same;

	if (version->young_ns > 0)
		return false;
	same = open_file(root, path, O_PATH | O_CLOEXEC, FILE_NOW, &found) == 200 &&
	       file_same(&found.version, version);

	fd_close(&found.fd);
	return same;
}

static char *load(int fd, const struct file_version *version, enum file_wait wait)
{
	char *body = malloc(version->size + 1);
	bool done = body && (wait == FILE_NOW ? file_read_now(fd, body, 0, version->size)
					      : file_read(fd, body, version->size));

	if (done && fd_is(fd, version))
		return body;
	free(body);
	return NULL;
}

char *file_load_now(int fd, const struct file_version *version)
{
	return load(fd, version, FILE_NOW);
}

/* Small files are read at once and need no descriptor any more. */
static int load_body(enum file_wait wait, struct file_found *f)
{
	if (f->version.size > FILE_SMALL_MAX)
		return 200;
	errno = 0;
	f->body = load(f->fd, &f->version, wait);
	if (!f->body && wait == FILE_WAIT && errno != EIO)
		return 200; /* it is changing just now: as if it were large */
	fd_close(&f->fd);
	if (f->body)
		return 200;
	return wait == FILE_WAIT ? 500 : FILE_LATER;
}

int file_look(const struct file_root *root, const char *path, enum file_wait wait,
	      struct file_found *ret)
{
	int status = open_file(root, path, OPEN_FLAGS, wait, ret);

	return status == 200 ? load_body(wait, ret) : status;
}

int file_open(const struct file_root *root, const char *path, int *ret_fd,
	      struct file_version *ret_version)
{
	struct file_found f;
	int status = open_file(root, path, OPEN_FLAGS, FILE_WAIT, &f);

	*ret_fd = f.fd;
	*ret_version = f.version;
	return status;
}

int file_open_dir(const struct file_root *root, const char *path, int *ret_fd)
{
	*ret_fd = open_any(root, path[0] ? path : ".", OPEN_FLAGS | O_DIRECTORY, FILE_WAIT);
	return *ret_fd < 0 ? status_of(errno) : 200;
}

bool file_stat(const struct file_root *root, const char *path, struct stat *ret)
{
	auto_fd int fd = open_any(root, path, O_PATH | O_CLOEXEC, FILE_WAIT);

	return fd >= 0 && fstat(fd, ret) == 0;
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

bool file_read_now(int fd, char *data, uint64_t from, size_t len)
{
	struct iovec v = {.iov_base = data, .iov_len = len};

	return syscall(SYS_preadv2, fd, &v, 1L, (long)from, 0L, RWF_NOWAIT) == (ssize_t)len;
}

static bool byte_is_warm(int fd, uint64_t at)
{
	char byte;
	struct iovec v = {.iov_base = &byte, .iov_len = 1};

	return syscall(SYS_preadv2, fd, &v, 1L, (long)at, 0L, RWF_NOWAIT) >= 0 || errno != EAGAIN;
}

bool file_is_warm(int fd, uint64_t from, uint64_t to)
{
	return byte_is_warm(fd, from) && byte_is_warm(fd, to - 1);
}

void file_warm(int fd, uint64_t from, uint64_t to)
{
	char data[WARM_BYTES] __attribute__((uninitialized));

	(void)posix_fadvise(fd, (off_t)from, (off_t)(to - from), POSIX_FADV_WILLNEED);
	while (from < to) {
		ssize_t n = pread(fd, data, to - from < WARM_BYTES ? to - from : WARM_BYTES,
				  (off_t)from);

		if (n <= 0) /* whatever it is, sendfile() will say it */
			return;
		from += (uint64_t)n;
	}
}

int file_log_init(struct file_log *log, const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char dir[PATH_MAX] = ".";
	size_t len = slash ? (size_t)(slash - path) + 1 : 0;

	if (strlen(name) == 0 || strlen(name) > NAME_MAX || len >= sizeof(dir))
		return err_user(e, "\"%s\" is not the name of a file", path);
	if (slash) {
		memcpy(dir, path, len);
		dir[len] = 0;
	}
	memcpy(log->name, name, strlen(name) + 1);
	log->dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return log->dir_fd < 0 ? err_sys(e, "open the directory of the log %s", path) : 0;
}

int file_log_open(const struct file_log *log)
{
	/* a FIFO that nobody reads would be waited for, with signals blocked: ENXIO says it */
	return openat(log->dir_fd, log->name,
		      O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY |
			      O_CLOEXEC,
		      0640);
}

char *file_text(const char *path, size_t max)
{
	auto_fd int fd = open(path, OPEN_FLAGS);
	auto_free char *text = NULL;
	struct stat st;
	char *ret;

	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	errno = EINVAL;
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > max)
		return NULL;
	text = malloc((size_t)st.st_size + 1);
	if (!text || !file_read(fd, text, (size_t)st.st_size))
		return NULL;
	text[st.st_size] = 0;
	ret = text;
	text = NULL;
	return ret;
}
