/* SPDX-License-Identifier: Apache-2.0 */
/* image - the options that checkpoint and restore have in common, for their tables. */
#ifndef TINYRUN_CLI_IMAGE_H
#define TINYRUN_CLI_IMAGE_H

#include "cli/opt.h"
#include "tinyrun/container.h"

#define IMAGE_DEFAULT "checkpoint" /* as runc's: in the current directory */

/* @type has a struct container_snapshot image and a struct opt_list empty_ns. */
#define IMAGE_OPTS(type)                                                                 \
	OPT_TEXT("image-path", 0, type, IMAGE(path), "DIR",                              \
		 "directory of the images (default: ./checkpoint)"),                     \
		OPT_TEXT("work-path", 0, type, IMAGE(work_path), "DIR",                  \
			 "directory of CRIU's log (default: that of the images)"),       \
		OPT_FLAG("tcp-established", 0, type, IMAGE(tcp_established),             \
			 "with TCP connections that are open"),                          \
		OPT_FLAG("ext-unix-sk", 0, type, IMAGE(ext_unix_sk),                     \
			 "with unix sockets whose other end is outside"),                \
		OPT_FLAG("shell-job", 0, type, IMAGE(shell_job),                         \
			 "with a terminal and a session that began outside"),            \
		OPT_FLAG("file-locks", 0, type, IMAGE(file_locks), "with file locks"),   \
		OPT_FLAG("auto-dedup", 0, type, IMAGE(auto_dedup),                       \
			 "let pages of earlier images go that are in later ones"),       \
		OPT_FLAG("lazy-pages", 0, type, IMAGE(lazy_pages),                       \
			 "memory follows on demand, by a page server"),                  \
		OPT_WORD("manage-cgroups-mode", 0, type, IMAGE(cgroups_mode),            \
			 "soft|full|strict|ignore", "what is done about cgroups below"), \
		OPT_WORD("network-lock", 0, type, IMAGE(network_lock),                   \
			 "default|iptables|nftables|skip", "how connections are held"),  \
		OPT_LIST("empty-ns", 0, type, empty_ns, "network",                       \
			 "leave this namespace out: it is set up anew")

/* Of --empty-ns; others than the network CRIU cannot leave out. */
int image_empty_ns(const struct opt_list *kinds, bool *ret_network, struct err *e);

#endif
