/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mime - the media type of a file by its name: a table of our own, and one that can be read from
 * a file such as /etc/mime.types for the names that ours does not know.
 */
#ifndef HTTPD_MIME_H
#define HTTPD_MIME_H

#include <stddef.h>

struct mime_table;

/* Reads the text of a mime.types file; one reference. NULL when memory is out. */
struct mime_table *mime_parse(const char *text);
struct mime_table *mime_ref(struct mime_table *t);
void mime_put(struct mime_table *t);
/* @t may be NULL. Never NULL; application/octet-stream when the name says nothing. */
const char *mime_type(const struct mime_table *t, const char *path, size_t len);

#endif
