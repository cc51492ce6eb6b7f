/* SPDX-License-Identifier: Apache-2.0 */
/* list - putting entries into a bundle's list, and where a path of the host leads to. */
#ifndef BUNDLE_LIST_H
#define BUNDLE_LIST_H

#include "tinyrun/bundle.h"

int list_no_memory(struct err *e);
/* As bundle_entry; what is there already stays. @path and @from are copied. */
int list_add(struct bundle *b, enum bundle_kind kind, const char *path, const char *from,
	     mode_t mode, struct err *e);
/*
 * Goes along @path on the host and adds each directory and symbolic link on the way. *ret is where
 * it ends, absolute and without links, in @b's memory; *ret_mode the type and mode of that. Nothing
 * is added for the end itself. @path is absolute.
 */
int list_follow(struct bundle *b, const char *path, const char **ret, mode_t *ret_mode,
		struct err *e);
/* @path, or behind the working directory when it is relative; in @b's memory. */
int list_absolute(struct bundle *b, const char *path, const char **ret, struct err *e);

#endif
