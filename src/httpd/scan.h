/* SPDX-License-Identifier: Apache-2.0 */
/* scan - which bytes may stand where in the head of a request, and how far they go. */
#ifndef HTTPD_SCAN_H
#define HTTPD_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum scan_class {
	SCAN_TOKEN = 1,    /* methods and field names */
	SCAN_TARGET = 2,   /* what we take in a target: visible ASCII but for the fragment's # */
	SCAN_VALUE = 4,    /* field value */
	SCAN_HOST = 8,     /* host without a port, not an IP literal */
	SCAN_LITERAL = 16, /* within the brackets of an IP literal */
};

extern const uint8_t scan_class[256];

static inline bool scan_is(char c, enum scan_class class)
{
	return scan_class[(uint8_t)c] & class;
}

/* From @at to the first byte that is not of @class, or to @len: for what is short. */
static inline size_t scan_run(const char *s, size_t at, size_t len, enum scan_class class)
{
	while (at < len && scan_is(s[at], class))
		at++;
	return at;
}

/* The same of a field's value. */
size_t scan_value(const char *s, size_t at, size_t len);
/* The same of a target. */
size_t scan_target(const char *s, size_t at, size_t len);
/* The same of what can stand between quotes as it is: ASCII that is visible, but for " and \. */
size_t scan_plain(const char *s, size_t at, size_t len);

/* Copies what comes before a slash or a percent sign; returns how many. @out has room for @len. */
size_t scan_copy_name(char *out, const char *s, size_t len);
/*
 * Is @s @word, whatever the case of its letters? Both have @len bytes, four at least; @word has
 * lower case, digits, and punctuation below '@'.
 */
bool scan_same(const char *s, const char *word, size_t len);

/* What is left of a list that commas separate: begins with all of it. */
struct scan_list {
	const char *s, *end; /* .s is NULL behind the last */
};

/* The next element, without the blanks around it; it may be empty. False when there is none. */
bool scan_element(struct scan_list *l, const char **ret, size_t *ret_len);

#endif
