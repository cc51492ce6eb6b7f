/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image - what checkpoint and restore have in common.
 *
 * A checkpoint is CRIU's directory of images with runc's descriptors.json in it, so that one that
 * runc or crun has made can be restored, and the other way round. It is as trusted as the bundle:
 * whoever can write it chooses what runs in the container, and CRIU reads it as root.
 */
#include "container/image.h"

#include "tinyrun/fd.h"
#include "tinyrun/path.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* runc's, so that what an administrator has set up there holds here too; CRIU does without one. */
#define CONFIG_FILE "/etc/criu/runc.conf"
#define INVENTORY   "inventory.img" /* every image has it */

static int open_directory(const char *path, bool make, int *ret_fd, struct err *e)
{
	if (make && mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "make %s", path);
	return path_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, ret_fd, e);
}

int image_open(const struct container_snapshot *o, bool make, struct image *ret, struct err *e)
{
	int r;

	if (geteuid() != 0)
		return err_user(e, "only root can do this, as CRIU takes root's rights");
	r = open_directory(o->path, make, &ret->dir_fd, e);
	if (r < 0)
		return err_wrap(e, "--image-path");
	if (!make && faccessat(ret->dir_fd, INVENTORY, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return err_user(e,
				"--image-path: there is no checkpoint in %s: it has no " INVENTORY,
				o->path);
	r = o->work_path ? open_directory(o->work_path, true, &ret->work_fd, e) : 0;
	ret->o = o;
	ret->empty_network = o->empty_network;
	return r < 0 ? err_wrap(e, "--work-path") : 0;
}

void image_close(struct image *image)
{
	fd_close(&image->dir_fd);
	fd_close(&image->work_fd);
}

/* The annotation is known from runc; set and empty it means that there is no file. */
static const char *config_file(const struct spec *spec)
{
	const char *file = spec_annotation(spec, SPEC_ANNOTATION_CRIU_CONFIG);

	return file ? file : CONFIG_FILE;
}

void image_put_options(const struct image *image, const struct spec *spec, const char *log,
		       struct buf *opts)
{
	static const enum criu_cgroups modes[] = {
		[CONTAINER_CGROUPS_SOFT] = CRIU_CGROUPS_SOFT,
		[CONTAINER_CGROUPS_FULL] = CRIU_CGROUPS_FULL,
		[CONTAINER_CGROUPS_STRICT] = CRIU_CGROUPS_STRICT,
		[CONTAINER_CGROUPS_IGNORE] = CRIU_CGROUPS_IGNORE,
	};
	const struct container_snapshot *o = image->o;
	const struct {
		enum criu_field field;
		uint64_t value;
	} numbers[] = {
		{CRIU_IMAGES_DIR_FD, (uint64_t)image->dir_fd},
		{CRIU_LOG_LEVEL, 4},
		{CRIU_NOTIFY_SCRIPTS, true},
		{CRIU_ORPHAN_PTS_MASTER, true},
		{CRIU_MANAGE_CGROUPS, true},
		{CRIU_MANAGE_CGROUPS_MODE, modes[o->cgroups_mode]},
		{CRIU_TCP_ESTABLISHED, o->tcp_established},
		{CRIU_EXT_UNIX_SK, o->ext_unix_sk},
		{CRIU_SHELL_JOB, o->shell_job},
		{CRIU_FILE_LOCKS, o->file_locks},
		{CRIU_AUTO_DEDUP, o->auto_dedup},
		{CRIU_LAZY_PAGES, o->lazy_pages},
		{CRIU_EMPTY_NS, image->empty_network ? CLONE_NEWNET : 0},
	};
	const char *config = config_file(spec);

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		criu_put_number(opts, numbers[i].field, numbers[i].value);
	criu_put_text(opts, CRIU_LOG_FILE, log);
	if (image->work_fd >= 0)
		criu_put_number(opts, CRIU_WORK_DIR_FD, (uint64_t)image->work_fd);
	if (*config)
		criu_put_text(opts, CRIU_CONFIG_FILE, config);
	if (o->network_lock)
		criu_put_number(opts, CRIU_NETWORK_LOCK, o->network_lock);
}

#define FDS_MAX 8

int image_run(const struct image *image, const char *log, struct criu_call *call, struct err *e)
{
	bool own = image->work_fd >= 0;
	int fds[FDS_MAX] = {image->dir_fd};
	size_t n = 1;
	int r = buf_check(call->opts, e);

	if (own)
		fds[n++] = image->work_fd;
	for (size_t i = 0; i < call->n_fds && n < FDS_MAX; i++)
		fds[n++] = call->fds[i];
	call->fds = fds;
	call->n_fds = n;
	if (r == 0)
		r = criu_run(call, e);
	return r < 0 ? criu_explain(r, own ? image->work_fd : image->dir_fd,
				    own ? image->o->work_path : image->o->path, log, e)
		     : 0;
}
