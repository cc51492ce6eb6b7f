/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as linux.seccomp: rules, or a message. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "tinyrun/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct spec_seccomp *seccomp = NULL;
	struct err e = ERR_INIT;

	if (spec_seccomp_parse((const char *)data, size, &seccomp, &e) < 0) {
		if (e.depth == 0 || seccomp)
			abort();
		return 0;
	}
	for (size_t i = 0; i < seccomp->n_rules; i++)
		if (seccomp->rules[i].names.n == 0)
			abort();
	spec_seccomp_free(&seccomp);
	return 0;
}
