/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache - compiled filters on disk, each with the exact text that it was made from.
 *
 * A wrong filter is worse than none, so a file counts only when it is a regular file of ours that
 * nobody else may write, its text is equal byte for byte, the library that made it is the one that
 * would be used now, and the checksum over the rest is right. Everything else is a miss, and the
 * file is replaced. The name is a hash of the text; two texts of one hash take turns.
 */
#include "plan/seccomp.h"

#include "tinyrun/fd.h"
#include "tinyrun/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Counts up whenever the same rules are made into another filter, or the file has another form. */
#define CACHE_VERSION 3
#define CHUNK         4096 /* of the text in a file, looked at in one go */

/* In a file the instructions and the text follow, in this order. */
struct cache_header {
	char magic[8];
	uint32_t version;
	uint32_t text_len, n_insns;
	uint32_t filter_flags, notifies, unused;
	uint64_t checksum; /* of this with this member 0, and of the instructions */
	char stamp[SECCOMP_STAMP];
};

static const char cache_magic[8] = {'t', 'r', 's', 'e', 'c', 'c', 'm', 'p'};

/* Goes on from @h, another hash. */
static uint64_t hash(uint64_t h, const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t word;

	h ^= 0xcbf29ce484222325U ^ len;
	for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		h = (h ^ word) * 0x9e3779b97f4a7c15U;
		h ^= h >> 32;
	}
	for (; len; p++, len--) {
		h = (h ^ *p) * 0x9e3779b97f4a7c15U;
		h ^= h >> 32;
	}
	return h;
}

void cache_name(const char *text, size_t len, char ret[CACHE_NAME])
{
	(void)snprintf(ret, CACHE_NAME, "%016llx.seccomp", (unsigned long long)hash(0, text, len));
}

static size_t insns_size(const struct cache_header *h)
{
	return h->n_insns * sizeof(struct sock_filter);
}

static uint64_t checksum(struct cache_header h, const void *insns)
{
	h.checksum = 0;
	return hash(hash(0, &h, sizeof(h)), insns, insns_size(&h));
}

/* --- reading --- */

static bool is_ours(int fd, off_t *ret_size)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return false;
	*ret_size = st.st_size;
	return true;
}

static bool read_next(int fd, void *data, size_t len)
{
	return read(fd, data, len) == (ssize_t)len;
}

static bool read_header(int fd, size_t text_len, struct cache_header *h)
{
	off_t size;

	return is_ours(fd, &size) && read_next(fd, h, sizeof(*h)) &&
	       memcmp(h->magic, cache_magic, sizeof(cache_magic)) == 0 &&
	       h->version == CACHE_VERSION && h->text_len == text_len && h->n_insns > 0 &&
	       h->n_insns <= BPF_MAXINSNS &&
	       (uint64_t)size == sizeof(*h) + insns_size(h) + text_len;
}

static bool is_current(const struct cache_header *h, const void *insns)
{
	return checksum(*h, insns) == h->checksum && h->stamp[SECCOMP_STAMP - 1] == '\0' &&
	       seccomp_stamp_is_current(h->stamp);
}

/* memcmp(3) of the small tinyrun's libc takes a byte at a time. */
static bool is_equal(const char *a, const char *b, size_t len)
{
	uint64_t word_a, word_b, differ = 0;

	for (; len >= sizeof(word_a); len -= sizeof(word_a)) {
		memcpy(&word_a, a + len - sizeof(word_a), sizeof(word_a));
		memcpy(&word_b, b + len - sizeof(word_b), sizeof(word_b));
		differ |= word_a ^ word_b;
	}
	return differ == 0 && memcmp(a, b, len) == 0;
}

/* Whether @text is what comes next. Memory for all of it would cost more than reading it does. */
static bool text_follows(int fd, const char *text, size_t len)
{
	char chunk[CHUNK];

	while (len > 0) {
		size_t n = len < sizeof(chunk) ? len : sizeof(chunk);

		if (!read_next(fd, chunk, n) || !is_equal(chunk, text, n))
			return false;
		text += n;
		len -= n;
	}
	return true;
}

int cache_load(int cache_fd, const char *text, size_t len, struct plan_program *ret, struct err *e)
{
	struct err ignored = ERR_INIT; /* whatever is wrong with the file: it is made anew */
	struct cache_header h;
	auto_free void *insns = NULL;
	char name[CACHE_NAME];
	auto_fd int fd = -1;

	cache_name(text, len, name);
	if (path_open_beneath(cache_fd, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0, &fd,
			      &ignored) < 0 ||
	    !read_header(fd, len, &h))
		return CACHE_E_MISS;
	insns = malloc(insns_size(&h));
	if (!insns)
		return err_num(e, ENOMEM, "read a compiled filter");
	if (!read_next(fd, insns, insns_size(&h)) || !is_current(&h, insns) ||
	    !text_follows(fd, text, len))
		return CACHE_E_MISS;
	*ret = (struct plan_program){.insns = insns,
				     .n_insns = h.n_insns,
				     .filter_flags = h.filter_flags,
				     .notifies = h.notifies != 0};
	insns = NULL;
	return 0;
}

/* --- writing --- */

int cache_store(int cache_fd, const char *text, size_t len, const char *stamp,
		const struct plan_program *program, struct err *e)
{
	struct cache_header h = {.version = CACHE_VERSION,
				 .text_len = (uint32_t)len,
				 .n_insns = program->n_insns,
				 .filter_flags = program->filter_flags,
				 .notifies = program->notifies};
	auto_buf struct buf file = BUF_INIT;
	char name[CACHE_NAME];

	memcpy(h.magic, cache_magic, sizeof(cache_magic));
	(void)snprintf(h.stamp, sizeof(h.stamp), "%s", stamp); /* one that is cut is not current */
	h.checksum = checksum(h, program->insns);
	buf_add(&file, &h, sizeof(h));
	buf_add(&file, program->insns, insns_size(&h));
	buf_add(&file, text, len);
	if (buf_check(&file, e) < 0)
		return -ENOMEM;
	cache_name(text, len, name);
	return path_replace(cache_fd, name, file.data, file.len, 0600, false, e);
}
