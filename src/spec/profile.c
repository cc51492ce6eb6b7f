/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile - oci/seccomp.json as constant data, for configurations that tinyrun composes by itself.
 * The assembler finds it from the top of the sources.
 */
#include "tinyrun/spec.h"

__asm__(".pushsection .rodata.spec_default_seccomp, \"a\", %progbits\n"
	".globl spec_default_seccomp\n"
	".hidden spec_default_seccomp\n"
	".type spec_default_seccomp, %object\n"
	"spec_default_seccomp:\n"
	".incbin \"oci/seccomp.json\"\n"
	".byte 0\n"
	".size spec_default_seccomp, . - spec_default_seccomp\n"
	".popsection\n");
