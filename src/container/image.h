/* SPDX-License-Identifier: Apache-2.0 */
/* image - what checkpoint and restore have in common: the directories, and what CRIU is told. */
#ifndef CONTAINER_IMAGE_H
#define CONTAINER_IMAGE_H

#include "tinyrun/buf.h"
#include "tinyrun/container.h"
#include "tinyrun/criu.h"
#include "tinyrun/plan.h"
#include "tinyrun/spec.h"

#include <stdbool.h>

#define IMAGE_STREAMS "descriptors.json" /* runc's name and form: what was open on 0, 1 and 2 */
#define IMAGE_NETWORK "network.json" /* it had one of ours, which the image does not have in it */
#define IMAGE_NET_KEY "extRootNetNS" /* runc's names of namespaces that are not the image's */
#define IMAGE_PID_KEY "extRootPidNS"

struct image {
	const struct container_snapshot *o;
	int dir_fd, work_fd; /* work_fd -1: the same */
	bool empty_network;  /* the network namespace is not in it, and is set up anew */
};

#define IMAGE_INIT ((struct image){.dir_fd = -1, .work_fd = -1})
#define auto_image __attribute__((cleanup(image_close)))

/* @make: the directory is made if it is not there; else it has to have a checkpoint. */
int image_open(const struct container_snapshot *o, bool make, struct image *ret, struct err *e);
void image_close(struct image *image);

/* The options that both have. @log: the name of CRIU's log. */
void image_put_options(const struct image *image, const struct spec *spec, const char *log,
		       struct buf *opts);
/*
 * Runs CRIU, with the image's directories and @call's descriptors. A failure is explained from its
 * log.
 */
int image_run(const struct image *image, const char *log, struct criu_call *call, struct err *e);

/*
 * The mounts of the plan that are the host's, and so not the image's. At a checkpoint a name is
 * asked for, which is the mount point itself; at a restore (@bundle_fd is then not -1) where they
 * come from: sources relative to the bundle, and @cgroup for the container's own cgroup.
 */
int image_put_mounts(const struct plan *plan, int rootfs_fd, int bundle_fd, const char *cgroup,
		     struct buf *opts, struct err *e);
/* Makes the mount points of the plan that a root file system may not have yet. */
int image_make_targets(const struct plan *plan, int rootfs_fd, int bundle_fd, struct err *e);

#endif
