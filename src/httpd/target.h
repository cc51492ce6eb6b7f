/* SPDX-License-Identifier: Apache-2.0 */
/* target - the path of a request as a path below the root, and back again for Location. */
#ifndef HTTPD_TARGET_H
#define HTTPD_TARGET_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Decodes and normalises @target ("/a/%62/../c/?query", or empty for the root) into @path: relative
 * to the root, no empty, "." or ".." components, a slash at its end when it names a directory
 * ("a/c/"; "" is the root). @path has room for @len + 1 bytes. Returns 0 or the status of a
 * refusal: 400 for what is malformed or climbs above the root, 404 for what cannot name a file.
 */
int target_to_path(const char *target, size_t len, char *path, size_t *ret_len);
/* Does a component of @path begin with a dot? The one of RFC 8615, .well-known, is not meant. */
bool target_is_hidden(const char *path, size_t len);
/* Where the query with its '?' begins; @len when there is none. */
size_t target_query(const char *target, size_t len);
/* Percent-encodes @path; @out has room for 3 * @len bytes. Returns how many it wrote. */
size_t target_encode(const char *path, size_t len, char *out);

#endif
