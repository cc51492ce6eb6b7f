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

static bool is_name(const char *name, const char *s, size_t len)
{
	return strlen(name) == len && strncasecmp(name, s, len) == 0;
}

/* One element of the list. */
static void note(const char *s, size_t len, struct encoding_wishes *w)
{
	size_t name;
	int weight;

	for (name = 0; name < len && s[name] != ';' && s[name] != ' ' && s[name] != '\t';)
		name++;
	weight = weight_of(s + name, len - name);
	if (is_name("*", s, name))
		w->rest = weight;
	if (is_name("identity", s, name))
		w->identity = weight;
	if (is_name("x-gzip", s, name)) /* RFC 9110 section 8.4.1.3 */
		w->weight[ENCODING_GZIP] = weight;
	for (unsigned i = 0; i < ENCODING_MAX; i++)
		if (is_name(rows[i].name, s, name))
			w->weight[i] = weight;
}

void encoding_note(struct encoding_wishes *w, const char *s, size_t len)
{
	struct scan_list list = {s, s + len};
	const char *element;
	size_t element_len;

	while (scan_element(&list, &element, &element_len))
		note(element, element_len, w);
}

unsigned encoding_choose(const struct encoding_wishes *w, enum encoding ret[ENCODING_MAX])
{
	int weight[ENCODING_MAX];
	unsigned n = 0;

	for (unsigned i = 0; i < ENCODING_MAX; i++) {
		weight[i] = w->weight[i] < 0 ? w->rest : w->weight[i];
		if (weight[i] < w->identity) /* rather as it is */
			weight[i] = 0;
	}
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
