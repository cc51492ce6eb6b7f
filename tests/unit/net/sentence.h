/* SPDX-License-Identifier: Apache-2.0 */
/* sentence - what a refusal has to be: one sentence with where, what, and what is allowed. */
#ifndef TESTS_NET_SENTENCE_H
#define TESTS_NET_SENTENCE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tinyrun/err.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static inline void assert_sentence(const struct err *e, const char *where, const char *part)
{
	char text[ERR_STR_SIZE];

	(void)err_str(e, text, sizeof(text));
	if (strncmp(text, where, strlen(where)) != 0 || !strstr(text, part) || strchr(text, '\n'))
		fail_msg("want \"%s ... %s ...\", got: %s", where, part, text);
}

#endif
