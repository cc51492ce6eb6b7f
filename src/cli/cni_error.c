/* SPDX-License-Identifier: Apache-2.0 */
/* cni_error - what an engine is answered when it did not go well. */
#include "cli/cni.h"

void cni_error(const struct cni *cni, const struct err *e, struct buf *out)
{
	char text[ERR_STR_SIZE];

	buf_addf(out, "{\"cniVersion\":\"%s\",\"code\":%d,\"msg\":",
		 cni->version ? cni->version : "1.1.0", cni->code);
	buf_add_json_str(out, err_str(e, text, sizeof(text)));
	buf_add_str(out, ",\"details\":");
	buf_add_json_str(out, e->errnum ? err_name(e->errnum) : "");
	buf_add_str(out, "}\n");
}
