/* SPDX-License-Identifier: Apache-2.0 */
/* mnl - libmnl, there once mnl_load() has returned 0: its functions are called by their own names.
 */
#ifndef NET_MNL_H
#define NET_MNL_H

#include "tinyrun/err.h"

int mnl_load(struct err *e);

#endif
