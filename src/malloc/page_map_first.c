/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page_map_first - the first leaf, which costs no system call: 9 MiB of addresses, so it has a file
 * of its own that is linked last, and the small variables before it lie together.
 */
#include "malloc/page_map.h"

struct page_map_leaf page_map_first_leaf;
