/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err - the one error type: a chain of frames from the cause outwards.
 *
 * A function that can fail takes `struct err *e` last and returns a negative errno. It allocates
 * nothing, so it works anywhere, and is copied by assignment. Positive returns are outcomes that
 * the direct caller has to act on; they travel one call.
 */
#ifndef TINYRUN_ERR_H
#define TINYRUN_ERR_H

#include <stdarg.h>
#include <stddef.h>

#define ERR_FRAMES     8
#define ERR_FRAME_SIZE 320
/* Room for err_str(): the whole chain, unless much of it has to be escaped. */
#define ERR_STR_SIZE (ERR_FRAMES * (ERR_FRAME_SIZE + 2))

struct err {
	int errnum;     /* positive errno of the cause; EINVAL when the input is the cause */
	unsigned depth; /* frames in use; frame[0] is the cause */
	char frame[ERR_FRAMES][ERR_FRAME_SIZE];
};

#define ERR_INIT ((struct err){.errnum = 0})

/* The kernel's answer is the reason: errno is read first and appended as text. Returns -errno. */
int err_sys(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* As err_sys, with an errno from elsewhere (positive). Returns -errnum. */
int err_num(struct err *e, int errnum, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The input is the reason. Returns -EINVAL. */
int err_user(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* What we were doing ("verb object"): put in front of what is there. Returns the same code again.
 */
int err_wrap(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The whole chain as one line, outermost first, joined by ": ". Control bytes are escaped. */
const char *err_str(const struct err *e, char *out, size_t size);
/* "ENOENT" for 2; "E?" for what is not known. */
const char *err_name(int errnum);
/* "No such file or directory" for 2: the same in every locale and with every libc. */
const char *err_text(int errnum);

#endif
