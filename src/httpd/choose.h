/* SPDX-License-Identifier: Apache-2.0 */
/* choose - what the conditional fields and Range make of a request for a file that is there. */
#ifndef HTTPD_CHOOSE_H
#define HTTPD_CHOOSE_H

#include "httpd/cache.h"
#include "httpd/parse.h"
#include "httpd/range.h"

#include <stdint.h>

/*
 * For a GET or HEAD of @f: 200, 206, 304, 412 or 416. @ret_ranges are the *@ret_n
 * ranges of 206.
 */
int choose_status(const struct parse *p, const char *head, const struct cache_file *f,
		  int64_t now_sec, struct range ret_ranges[RANGE_MAX], unsigned *ret_n);

#endif
