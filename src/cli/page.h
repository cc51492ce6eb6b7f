/* SPDX-License-Identifier: Apache-2.0 */
/* page - the first page of a site, as text: oci/bundle's. */
#ifndef TINYRUN_CLI_PAGE_H
#define TINYRUN_CLI_PAGE_H

extern const char page_html[], page_css[];

#endif
