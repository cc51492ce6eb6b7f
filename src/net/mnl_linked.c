/* SPDX-License-Identifier: Apache-2.0 */
/* mnl_linked - libmnl where it is part of the program. */
#include "tinyrun/net.h"

int net_load(struct err *e)
{
	(void)e; /* it is there */
	return 0;
}
