/* SPDX-License-Identifier: Apache-2.0 */
/* file - regular files below the root, opened so that nothing outside it can be reached. */
#ifndef HTTPD_FILE_H
#define HTTPD_FILE_H

#include "tinyrun/err.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define FILE_BODY_MAX  (128 << 10) /* what is larger is sent from its descriptor */
#define FILE_SMALL_MAX 16384       /* what is larger is not read at first sight */
#define FILE_INDEX_MAX 8

/* What tells one version of a file from every other. */
struct file_version {
	uint64_t dev, ino, size;
	int64_t mtime_sec, ctime_sec;
	uint32_t mtime_nsec, ctime_nsec;
	/*
	 * 0, or when we looked: then the last change was no tick of the kernel's clock before, and
	 * another one after we looked may not be told from it.
	 */
	uint64_t young_ns;
};

struct file_root {
	int fd;
	bool walk;        /* the kernel has no openat2: walk component by component */
	bool no_symlinks; /* follow none, wherever they lead; so it is when walking */
	const char *index[FILE_INDEX_MAX]; /* what stands for a directory, in order */
	unsigned n_index;
};

enum file_wait {
	FILE_NOW,  /* FILE_LATER when the disk would have to be waited for */
	FILE_WAIT, /* as long as it takes */
};
#define FILE_LATER 0

struct file_found {
	int fd;           /* -1 when the body is here */
	char *body;       /* of a small file; to be freed */
	const char *name; /* by which its type is known: the path, or the index file's */
	unsigned index;   /* which of the index files, of a directory */
	struct file_version version;
};

/* Opens the directory to serve and finds out what the kernel can do. */
int file_root_open(const char *path, struct file_root *ret, struct err *e);
/*
 * Opens the regular file @path below @root; of a path that is empty or ends with a slash, the index
 * file in it. Returns 200 with *ret, FILE_LATER, 301 when it is a directory, or the status of
 * a refusal.
 */
int file_look(const struct file_root *root, const char *path, enum file_wait wait,
	      struct file_found *ret);
/* As far as their times say, see .young_ns. */
bool file_same(const struct file_version *a, const struct file_version *b);
/*
 * Would file_look() find @version? False also when it is young, or when the disk would have to be
 * waited for.
 */
bool file_is_still(const struct file_root *root, const char *path,
		   const struct file_version *version);
/* All of the open file, to be freed; NULL when it is not in memory or not @version any more. */
char *file_load_now(int fd, const struct file_version *version);
/* The same in short: waits, and reads no body. */
int file_open(const struct file_root *root, const char *path, int *ret_fd,
	      struct file_version *ret_version);
/* Opens the directory @path, to be read. Returns 200 with *ret_fd, or a status. */
int file_open_dir(const struct file_root *root, const char *path, int *ret_fd);
/* What @path is, symlinks followed as far as the root allows. False: not there for a client. */
bool file_stat(const struct file_root *root, const char *path, struct stat *ret);
/* Reads exactly @size bytes from the beginning; false when they are not there. */
bool file_read(int fd, char *data, size_t size);
/* Reads all of [@from, @from + @len) if it is in memory. */
bool file_read_now(int fd, char *data, uint64_t from, size_t len);
/* Are the first and the last byte of [@from, @to) in memory? True when the kernel cannot say. */
bool file_is_warm(int fd, uint64_t from, uint64_t to);
/* Waits for the disk to bring [@from, @to) into memory. */
void file_warm(int fd, uint64_t from, uint64_t to);

/* A log, by the directory that it is in, so that it can be opened again. */
struct file_log {
	int dir_fd; /* -1: none */
	char name[NAME_MAX + 1];
};

int file_log_init(struct file_log *log, const char *path, struct err *e);
/* A descriptor to append to, or -1 with errno. */
int file_log_open(const struct file_log *log);
/* The text of a regular file of at most @max bytes, 0-terminated, to be freed; NULL with errno. */
char *file_text(const char *path, size_t max);

#endif
