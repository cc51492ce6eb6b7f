/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target - the path of a request as a path below the root.
 *
 * Decoded once, then split, then normalised: the order in which a spelling such as %2e%2e or
 * ..%2f cannot hide anything. That nothing leaves the root is not decided here alone: file.c opens
 * with RESOLVE_BENEATH whatever comes out.
 */
#include "httpd/target.h"

#include <string.h>

#include "httpd/scan.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Decodes what begins with % at @s[*at] and moves behind it. Returns 0 or a status. */
static int decode_byte(const char *s, size_t len, size_t *at, char *ret)
{
	int high, low;

	if (len - *at < 3)
		return 400;
	high = hex_digit(s[*at + 1]);
	low = hex_digit(s[*at + 2]);
	if (high < 0 || low < 0)
		return 400;
	*at += 3;
	*ret = (char)(high * 16 + low);
	if (*ret == 0)
		return 400;
	return *ret == '/' ? 404 : 0; /* a name with a slash in it cannot exist */
}

/* Takes the last component off @path, which has a slash behind each. False when there is none. */
static bool pop_component(const char *path, size_t *len)
{
	if (*len == 0)
		return false;
	for (--*len; *len > 0 && path[*len - 1] != '/';)
		--*len;
	return true;
}

/* A component stands in @path from @from to *@len: drops or applies what is not a name. */
static int end_component(char *path, size_t from, size_t *len, bool more)
{
	size_t n = *len - from;

	if (n == 0)
		return 0;
	if (n == 1 && path[from] == '.') {
		*len = from;
		return 0;
	}
	if (n == 2 && path[from] == '.' && path[from + 1] == '.') {
		*len = from;
		return pop_component(path, len) ? 0 : 400;
	}
	if (more)
		path[(*len)++] = '/';
	return 0;
}

bool target_is_hidden(const char *path, size_t len)
{
	static const char known[] = ".well-known/";
	size_t at = 0;

	if (len >= sizeof(known) - 1 && memcmp(path, known, sizeof(known) - 1) == 0)
		at = sizeof(known) - 1;
	while (path[at] != '.') { /* at the beginning of each component */
		const char *slash = memchr(path + at, '/', len - at);

		if (!slash)
			return false;
		at = (size_t)(slash + 1 - path);
	}
	return true;
}

size_t target_query(const char *target, size_t len)
{
	const char *query = len > 0 ? memchr(target, '?', len) : NULL;

	return query ? (size_t)(query - target) : len;
}

int target_to_path(const char *target, size_t len, char *path, size_t *ret_len)
{
	size_t end = target_query(target, len), at = 0, out = 0;

	if (end > 0 && target[0] != '/')
		return 400;
	while (at < end) {
		size_t from = out;
		int status;

		at++; /* the slash in front of the component */
		for (;;) {
			size_t n = scan_copy_name(path + out, target + at, end - at);

			at += n;
			out += n;
			if (at == end || target[at] == '/')
				break;
			status = decode_byte(target, end, &at, &path[out++]);
			if (status != 0)
				return status;
		}
		status = end_component(path, from, &out, at < end);
		if (status != 0)
			return status;
	}
	path[out] = 0;
	*ret_len = out;
	return 0;
}

size_t target_encode(const char *path, size_t len, char *out)
{
	static const char plain[] = "-._~/!$&'()*+,;=@";
	static const char hex[] = "0123456789ABCDEF";
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)path[i];
		bool alnum =
			(c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

		if (alnum || (c != 0 && strchr(plain, c))) {
			out[n++] = (char)c;
			continue;
		}
		out[n++] = '%';
		out[n++] = hex[c >> 4];
		out[n++] = hex[c & 15];
	}
	return n;
}
