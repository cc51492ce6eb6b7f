/* SPDX-License-Identifier: Apache-2.0 */
/* output - bytes on their way to a client, see the header. */
#include "httpd/output.h"

#include <stdlib.h>

#include "httpd/digits.h"

struct output *output_new(size_t size)
{
	struct output *out = malloc(sizeof(*out) + size);

	if (out)
		*out = (struct output){.size = (uint32_t)size};
	return out;
}

struct output *output_keep(const struct output *out)
{
	struct output *copy = output_new(out->len - out->sent);

	if (copy)
		output_add(copy, out->data + out->sent, out->len - out->sent);
	return copy;
}

void output_u64(struct output *out, uint64_t value)
{
	output_end(out, digits_put(output_at(out, DIGITS_MAX), value));
}
