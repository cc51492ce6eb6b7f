/* SPDX-License-Identifier: Apache-2.0 */
/* encoding - which codings a client takes (RFC 9110 section 12.5.3). */
#include "httpd/encoding.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "httpd/scan.h"

static const struct {
	const char *name, *suffix;
} rows[ENCODING_MAX] = {
	[ENCODING_BR] = {"br", ".br"},
	[ENCODING_ZSTD] = {"zstd", ".zst"},
	[ENCODING_GZIP] = {"gzip", ".gz"},
};

const char *encoding_name(enum encoding encoding)
{
	return rows[encoding].name;
}

const char *encoding_suffix(enum encoding encoding)
{
	return rows[encoding].suffix;
}

/* ";q=0.5" in thousandths; 1000 when there is none, 0 when it is malformed. */
static int weight_of(const char *s, size_t len)
{
	size_t at = 0;
	int weight, digit = 100;

	while (at < len && (s[at] == ' ' || s[at] == '\t' || s[at] == ';'))
		at++;
	if (at == len)
		return 1000;
	if (len - at < 3 || (s[at] | 0x20) != 'q' || s[at + 1] != '=' ||
	    (s[at + 2] != '0' && s[at + 2] != '1'))
		return 0;
	weight = (s[at + 2] - '0') * 1000;
	at += 3;
	if (at < len && s[at++] != '.')
		return 0;
	for (; at < len && digit > 0; at++, digit /= 10) {
		if (s[at] < '0' || s[at] > '9')
			return 0;
		weight += (s[at] - '0') * digit;
	}
	return weight <= 1000 ? weight : 0;
}

/* One element of the list. */
static void note(const char *s, size_t len, int weight[ENCODING_MAX], int *rest)
{
	size_t name;

	for (name = 0; name < len && s[name] != ';' && s[name] != ' ' && s[name] != '\t';)
		name++;
	if (name == 1 && *s == '*')
		*rest = weight_of(s + name, len - name);
	for (unsigned i = 0; i < ENCODING_MAX; i++)
		if (strlen(rows[i].name) == name && strncasecmp(rows[i].name, s, name) == 0)
			weight[i] = weight_of(s + name, len - name);
}

unsigned encoding_choose(const char *s, size_t len, enum encoding ret[ENCODING_MAX])
{
	struct scan_list list = {s, s + len};
	int weight[ENCODING_MAX], rest = 0;
	const char *element;
	size_t element_len;
	unsigned n = 0;

	for (unsigned i = 0; i < ENCODING_MAX; i++)
		weight[i] = -1;
	while (scan_element(&list, &element, &element_len))
		note(element, element_len, weight, &rest);
	for (unsigned i = 0; i < ENCODING_MAX; i++)
		if (weight[i] < 0)
			weight[i] = rest;
	for (;;) {
		int best = -1;

		for (int i = 0; i < ENCODING_MAX; i++)
			if (weight[i] > 0 && (best < 0 || weight[i] > weight[best]))
				best = i;
		if (best < 0)
			return n;
		weight[best] = 0;
		ret[n++] = (enum encoding)best;
	}
}
