/* SPDX-License-Identifier: Apache-2.0 */
/* Accept-Encoding. */
#include "httpd/encoding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_encoding_is_what_the_client_likes_best(void **state)
{
	static const struct {
		const char *text, *names; /* a bar: the next field */
	} rows[] = {
		{"", ""},
		{"identity", ""},
		{"gzip", "gzip "},
		{"GZip", "gzip "},
		{"gzip, deflate, br", "br gzip "},
		{"gzip, deflate, br, zstd", "br zstd gzip "},
		{"gzip;q=1.0, br;q=0.5", "gzip br "},
		{"gzip;q=0", ""},
		{"gzip;q=0.000, br", "br "},
		{"*", "br zstd gzip "},
		{"*;q=0.1, gzip", "gzip br zstd "},
		{"gzip;q=0, *", "br zstd "},
		{"br;q=0.001", "br "},
		{"br;q=2", ""},
		{"br;q=x", ""},
		{"br ; q=0.5 , gzip", "gzip br "},
		{"brx, xgzip", ""},
		{",,gzip,,", "gzip "},
		{"identity, gzip", "gzip "},
		{"identity, gzip;q=0.5, br", "br "},
		{"Identity;q=0.6, *;q=0.5, zstd;q=0.7", "zstd "},
		{"identity;q=1, *;q=0", ""},
		{"identity;q=0, gzip;q=0.1", "gzip "},
		{"x-gzip", "gzip "},
		{"gzip;q=0.5|br", "br gzip "},
		{"br|identity;q=0.5, gzip;q=0.1", "br "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		enum encoding found[ENCODING_MAX];
		struct encoding_wishes w = ENCODING_WISHES_INIT;
		const char *part, *rest = rows[i].text;
		char names[64] = "";
		unsigned n;

		for (; (part = strchr(rest, '|')) != NULL; rest = part + 1)
			encoding_note(&w, rest, (size_t)(part - rest));
		encoding_note(&w, rest, strlen(rest));
		n = encoding_choose(&w, found);
		for (unsigned j = 0; j < n; j++) {
			strcat(names, encoding_name(found[j]));
			strcat(names, " ");
		}
		if (strcmp(names, rows[i].names) != 0)
			fail_msg("%s gives %s", rows[i].text, names);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encoding_is_what_the_client_likes_best),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
