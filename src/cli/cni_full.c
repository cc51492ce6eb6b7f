/* SPDX-License-Identifier: Apache-2.0 */
/* cni_full - in the small tinyrun: the plugin is the full one. */
#include "cli/cli.h"
#include "cli/cni.h"
#include "tinyrun/full.h"

int cni_main(void)
{
	const struct cni cni = {.code = CNI_IO};
	auto_buf struct buf out = BUF_INIT;
	struct err e = ERR_INIT;

	(void)full_become("be a CNI plugin", &e); /* it comes back with an error alone */
	cni_error(&cni, &e, &out);
	(void)cli_output(&out, &e); /* it has failed already */
	return 1;
}
