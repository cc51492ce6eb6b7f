/* SPDX-License-Identifier: Apache-2.0 */
/*
 * init_image - the program tinyrun-init, embedded: a static ELF executable to be written to a
 * sealed memory file and executed with arguments {"tinyrun-init", CHANNEL, PLAN} (two descriptor
 * numbers, inherited without close-on-exec) and no environment. What it does is in plan_format.h.
 */
#ifndef TINYRUN_INIT_IMAGE_H
#define TINYRUN_INIT_IMAGE_H

#include <stddef.h>
#include <stdint.h>

extern const unsigned char tinyrun_init_image[];
extern const unsigned char tinyrun_init_image_end[]; /* one behind its last byte */

static inline size_t tinyrun_init_image_size(void)
{
	return (uintptr_t)tinyrun_init_image_end - (uintptr_t)tinyrun_init_image;
}

#endif
