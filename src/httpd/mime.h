/* SPDX-License-Identifier: Apache-2.0 */
/* mime - the media type of a file by its name. */
#ifndef HTTPD_MIME_H
#define HTTPD_MIME_H

#include <stddef.h>

/* Never NULL; application/octet-stream when the name says nothing. */
const char *mime_type(const char *path, size_t len);

#endif
