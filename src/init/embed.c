/* SPDX-License-Identifier: Apache-2.0 */
/*
 * embed - the finished tinyrun-init as constant data of whoever links this. The assembler finds it
 * in the directory that the build runs in.
 */
#include "tinyrun/init_image.h"

__asm__(".pushsection .rodata.tinyrun_init, \"a\", %progbits\n"
	".balign 16\n"
	".globl tinyrun_init_image\n"
	".hidden tinyrun_init_image\n"
	".type tinyrun_init_image, %object\n"
	"tinyrun_init_image:\n"
	".incbin \"tinyrun-init\"\n"
	".globl tinyrun_init_image_end\n"
	".hidden tinyrun_init_image_end\n"
	"tinyrun_init_image_end:\n"
	".size tinyrun_init_image, . - tinyrun_init_image\n"
	".byte 0\n"
	".popsection\n");
