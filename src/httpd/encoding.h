/* SPDX-License-Identifier: Apache-2.0 */
/* encoding - which of the codings that a file may lie beside itself in a client takes. */
#ifndef HTTPD_ENCODING_H
#define HTTPD_ENCODING_H

#include <stddef.h>

enum encoding { ENCODING_BR, ENCODING_ZSTD, ENCODING_GZIP, ENCODING_MAX };

/* The name in Content-Encoding, and what is behind the name of a file. */
const char *encoding_name(enum encoding encoding);
const char *encoding_suffix(enum encoding encoding);

/* What Accept-Encoding says, in thousandths; -1: nothing. All others are .rest. */
struct encoding_wishes {
	int weight[ENCODING_MAX], rest, identity;
};
#define ENCODING_WISHES_INIT             \
	{                                \
		.weight = { -1, -1, -1 } \
	}

/* A value of the field, of which there may be several. */
void encoding_note(struct encoding_wishes *w, const char *s, size_t len);
/*
 * Those that are allowed, the one that the client likes best first; of equal ones the one that is
 * smallest as a rule. Returns how many.
 */
unsigned encoding_choose(const struct encoding_wishes *w, enum encoding ret[ENCODING_MAX]);

#endif
