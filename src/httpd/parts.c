/* SPDX-License-Identifier: Apache-2.0 */
/* parts - multipart/byteranges (RFC 9110 section 14.6), written part by part as it is sent. */
#include "httpd/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct parts *parts_new(const struct range *ranges, unsigned n, uint64_t size, const char *type,
			const char boundary[PARTS_BOUNDARY_LEN + 1])
{
	size_t type_size = strlen(type) + 1;
	struct parts *p = calloc(1, sizeof(*p) + PARTS_BOUNDARY_LEN + 1 + type_size);

	if (!p)
		return NULL;
	p->n = n;
	p->size = size;
	memcpy(p->at, ranges, n * sizeof(*ranges));
	p->boundary = p->text;
	memcpy(p->text, boundary, PARTS_BOUNDARY_LEN + 1);
	p->type = p->text + PARTS_BOUNDARY_LEN + 1;
	memcpy(p->text + PARTS_BOUNDARY_LEN + 1, type, type_size);
	return p;
}

/* What stands in front of part @i; behind the last, the end. */
static size_t head_of(const struct parts *p, unsigned i, char out[PARTS_HEAD_MAX])
{
	int n;

	if (i == p->n)
		n = snprintf(out, PARTS_HEAD_MAX, "\r\n--%s--\r\n", p->boundary);
	else
		n = snprintf(out, PARTS_HEAD_MAX,
			     "\r\n--%s\r\nContent-Type: %s\r\n"
			     "Content-Range: bytes %llu-%llu/%llu\r\n\r\n",
			     p->boundary, p->type, (unsigned long long)p->at[i].from,
			     (unsigned long long)p->at[i].to - 1, (unsigned long long)p->size);
	return n < PARTS_HEAD_MAX ? (size_t)n : PARTS_HEAD_MAX - 1;
}

uint64_t parts_length(const struct parts *p)
{
	char head[PARTS_HEAD_MAX];
	uint64_t len = head_of(p, p->n, head);

	for (unsigned i = 0; i < p->n; i++)
		len += head_of(p, i, head) + p->at[i].to - p->at[i].from;
	return len;
}

bool parts_next(struct parts *p, struct output *out, struct range *ret)
{
	char head[PARTS_HEAD_MAX];
	size_t len = head_of(p, p->next, head);

	output_add(out, head, len);
	if (p->next == p->n)
		return false;
	*ret = p->at[p->next++];
	return true;
}
