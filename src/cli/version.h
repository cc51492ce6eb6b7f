/* SPDX-License-Identifier: Apache-2.0 */
/* version - the program's own, from configure; behind config.h, where there is one. */
#ifndef TINYRUN_CLI_VERSION_H
#define TINYRUN_CLI_VERSION_H

#ifdef PACKAGE_VERSION
#define TINYRUN_VERSION PACKAGE_VERSION
#else
#define TINYRUN_VERSION "0.0.0"
#endif

#ifndef TINYRUN_COMMIT
#define TINYRUN_COMMIT "unknown"
#endif

#ifndef SYSTEMD_CGROUPS
#define SYSTEMD_CGROUPS false
#endif

#endif
