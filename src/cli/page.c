/* SPDX-License-Identifier: Apache-2.0 */
/* page - files of oci/bundle as constant data. The assembler finds them from the top of the
 * sources. */
#include "cli/page.h"

#define FILE_AS(name, file)                    \
	".globl " name "\n"                    \
	".hidden " name "\n"                   \
	".type " name ", %object\n" name ":\n" \
	".incbin \"" file "\"\n"               \
	".byte 0\n"                            \
	".size " name ", . - " name "\n"

__asm__(".pushsection .rodata.page, \"a\", %progbits\n" FILE_AS("page_html",
								"oci/bundle/index.html")
		FILE_AS("page_css", "oci/bundle/style.css") ".popsection\n");
