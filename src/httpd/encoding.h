/* SPDX-License-Identifier: Apache-2.0 */
/* encoding - which of the codings that a file may lie beside itself in a client takes. */
#ifndef HTTPD_ENCODING_H
#define HTTPD_ENCODING_H

#include <stddef.h>

enum encoding { ENCODING_BR, ENCODING_ZSTD, ENCODING_GZIP, ENCODING_MAX };

/* The name in Content-Encoding, and what is behind the name of a file. */
const char *encoding_name(enum encoding encoding);
const char *encoding_suffix(enum encoding encoding);
/*
 * Those that the Accept-Encoding field @s allows, the one that the client likes best first; of
 * equal ones the one that is smallest as a rule. Returns how many.
 */
unsigned encoding_choose(const char *s, size_t len, enum encoding ret[ENCODING_MAX]);

#endif
