/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as config.json: accepted or refused with a message, and nothing else. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "tinyrun/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore(void *arg, const char *sentence)
{
	(void)arg;
	if (!sentence[0])
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct spec_sink sink = {.warn = ignore};
	struct spec_seccomp *seccomp = NULL;
	struct err e = ERR_INIT;
	struct spec *spec = NULL;

	if (spec_parse((const char *)data, size, "config.json", &sink, &spec, &e) < 0) {
		if (e.depth == 0 || spec)
			abort();
		return 0;
	}
	if (spec->seccomp_text && spec_seccomp_load(spec, &seccomp, &e) < 0 && e.depth == 0)
		abort();
	spec_seccomp_free(&seccomp);
	spec_free(&spec);
	return 0;
}
