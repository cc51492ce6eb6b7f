/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf - a growing byte buffer and, on top, text and JSON output.
 *
 * Running out of memory is remembered, so that a long run of appends is checked once, at the end.
 */
#ifndef TINYRUN_BUF_H
#define TINYRUN_BUF_H

#include "tinyrun/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *data; /* always 0-terminated when not NULL */
	size_t len, size;
	bool failed; /* an append ran out of memory: buf_check() says so */
};

#define BUF_INIT ((struct buf){.data = NULL})
#define auto_buf __attribute__((cleanup(buf_done)))

void buf_done(struct buf *b);
void buf_add(struct buf *b, const void *data, size_t len);
void buf_add_str(struct buf *b, const char *s);
void buf_add_char(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void buf_add_json_str(struct buf *b, const char *s);
/* @s with control bytes as \xNN and not-UTF-8 bytes too: for a person's terminal. */
void buf_add_escaped(struct buf *b, const char *s);
/* 0, or -ENOMEM when any append failed. */
int buf_check(const struct buf *b, struct err *e);

/* Memory that is given back all at once. */
struct arena {
	struct arena_chunk *head;
};

#define ARENA_INIT ((struct arena){.head = NULL})
void arena_done(struct arena *a);
/* Zeroed, aligned to 16. NULL when memory is out. */
void *arena_alloc(struct arena *a, size_t size);
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
