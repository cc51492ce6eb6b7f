/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache - compiled filters on disk, each with the exact text that it was made from.
 *
 * A wrong filter is worse than none, so a file counts only when it is a regular file of ours that
 * nobody else may write, its text is equal byte for byte, the library that made it is the one that
 * would be used now, and the checksum over everything is right. Everything else is a miss, and the
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

/* Counts up whenever the same rules are made into another filter. */
#define CACHE_VERSION 2

struct cache_header {
	char magic[8];
	uint32_t version;
	uint32_t stamp_len, text_len, n_insns; /* what follows, in this order */
	uint32_t filter_flags, notifies;
	uint64_t checksum; /* of all with this member 0 */
};

static const char cache_magic[8] = {'t', 'r', 's', 'e', 'c', 'c', 'm', 'p'};

static uint64_t hash(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t h = 0xcbf29ce484222325U ^ len, word;

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
	(void)snprintf(ret, CACHE_NAME, "%016llx.seccomp", (unsigned long long)hash(text, len));
}

static size_t insns_size(const struct cache_header *h)
{
	return h->n_insns * sizeof(struct sock_filter);
}

static size_t file_size(const struct cache_header *h)
{
	return sizeof(*h) + h->stamp_len + h->text_len + insns_size(h);
}

/* --- reading --- */

static bool is_ours(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	       (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static bool checksum_is_right(char *file, size_t len, struct cache_header *h)
{
	uint64_t said = h->checksum;

	h->checksum = 0;
	memcpy(file, h, sizeof(*h));
	return hash(file, len) == said;
}

/* @file has @len bytes; its header is left in *h. */
static bool is_valid(char *file, size_t len, const char *text, size_t text_len,
		     struct cache_header *h)
{
	const char *stamp = file + sizeof(*h);

	if (len < sizeof(*h))
		return false;
	memcpy(h, file, sizeof(*h));
	if (memcmp(h->magic, cache_magic, sizeof(cache_magic)) != 0 ||
	    h->version != CACHE_VERSION || h->text_len != text_len || h->n_insns == 0 ||
	    h->n_insns > BPF_MAXINSNS || h->stamp_len == 0 || h->stamp_len > SECCOMP_STAMP ||
	    file_size(h) != len || !checksum_is_right(file, len, h))
		return false;
	return memcmp(stamp + h->stamp_len, text, text_len) == 0 &&
	       stamp[h->stamp_len - 1] == '\0' && seccomp_stamp_is_current(stamp);
}

static int take_program(const char *file, size_t len, const struct cache_header *h,
			struct plan_program *ret, struct err *e)
{
	size_t size = insns_size(h);
	void *insns = malloc(size);

	if (!insns)
		return err_num(e, ENOMEM, "read a compiled filter");
	memcpy(insns, file + len - size, size);
	*ret = (struct plan_program){.insns = insns,
				     .n_insns = h->n_insns,
				     .filter_flags = h->filter_flags,
				     .notifies = h->notifies != 0};
	return 0;
}

int cache_load(int cache_fd, const char *text, size_t len, struct plan_program *ret, struct err *e)
{
	size_t max = sizeof(struct cache_header) + SECCOMP_STAMP + len +
		     BPF_MAXINSNS * sizeof(struct sock_filter);
	auto_free char *file = NULL;
	struct err ignored = ERR_INIT; /* whatever is wrong with the file: it is made anew */
	struct cache_header h;
	char name[CACHE_NAME];
	auto_fd int fd = -1;
	size_t file_len;

	cache_name(text, len, name);
	if (path_open_beneath(cache_fd, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0, &fd,
			      &ignored) < 0 ||
	    !is_ours(fd) || fd_read_all(fd, max, name, &file, &file_len, &ignored) < 0 ||
	    !is_valid(file, file_len, text, len, &h))
		return CACHE_E_MISS;
	return take_program(file, file_len, &h, ret, e);
}

/* --- writing --- */

int cache_store(int cache_fd, const char *text, size_t len, const char *stamp,
		const struct plan_program *program, struct err *e)
{
	struct cache_header h = {.version = CACHE_VERSION,
				 .stamp_len = (uint32_t)strlen(stamp) + 1,
				 .text_len = (uint32_t)len,
				 .n_insns = program->n_insns,
				 .filter_flags = program->filter_flags,
				 .notifies = program->notifies};
	auto_buf struct buf file = BUF_INIT;
	char name[CACHE_NAME];

	memcpy(h.magic, cache_magic, sizeof(cache_magic));
	buf_add(&file, &h, sizeof(h));
	buf_add(&file, stamp, h.stamp_len);
	buf_add(&file, text, len);
	buf_add(&file, program->insns, insns_size(&h));
	if (buf_check(&file, e) < 0)
		return -ENOMEM;
	h.checksum = hash(file.data, file.len);
	memcpy(file.data, &h, sizeof(h));
	cache_name(text, len, name);
	return path_replace(cache_fd, name, file.data, file.len, 0600, false, e);
}
