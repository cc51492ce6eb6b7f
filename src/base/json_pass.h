/* SPDX-License-Identifier: Apache-2.0 */
/* json_pass - past an object that nobody wants to read. */
#ifndef BASE_JSON_PASS_H
#define BASE_JSON_PASS_H

#include <stddef.h>

/*
 * The length of the object that @text begins with; 0 when it has to be read: it has no end within
 * @len bytes, has a backslash, which may hide anything, or has the text @unless in it. Whether what
 * is between its brackets is JSON is for whoever reads it.
 */
size_t json_pass(const char *text, size_t len, const char *unless);

#endif
