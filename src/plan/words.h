/* SPDX-License-Identifier: Apache-2.0 */
/* words - flags of mounts and namespaces as config.json spells them. */
#ifndef PLAN_WORDS_H
#define PLAN_WORDS_H

#include "tinyrun/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* Words with commas between them, in parentheses with a blank in front; nothing when there are
 * none. */
struct words {
	struct buf *out;
	bool open;
};

void words_add(struct words *w, const char *word);
void words_end(struct words *w);
/* MS_* of mount(2). */
void words_mount_flags(struct words *w, uint64_t ms_flags);
/* MOUNT_ATTR_* to set and to clear; recursive ones are spelled with an r: rro. */
void words_attributes(struct words *w, uint64_t set, uint64_t clr, bool recursive);
/* MS_SHARED ... with or without MS_REC: "rprivate". "" for none. */
const char *words_propagation(uint64_t ms);
/* "user pid": CLONE_NEW*. */
void words_namespaces(struct buf *out, uint64_t flags);

#endif
