/* SPDX-License-Identifier: Apache-2.0 */
/* site - the first page of a site that was not there (--init). */
#ifndef HTTPD_SITE_H
#define HTTPD_SITE_H

#include "tinyrun/err.h"

/* Makes the directory @path with a page in it; one that is there is left as it is. */
int site_make(const char *path, struct err *e);

#endif
