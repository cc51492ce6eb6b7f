/* SPDX-License-Identifier: Apache-2.0 */
/*
 * span_first - the first arena for records, which costs no mapping. It has a file of its own that
 * is linked behind the small variables, so that its first records share their page.
 */
#include "malloc/span.h"

char span_first_arena[FIRST_ARENA] __attribute__((aligned(64)));
