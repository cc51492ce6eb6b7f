/* SPDX-License-Identifier: Apache-2.0 */
/* describe_fd - what the host opens for a slot, in words. */
#include "plan/words.h"
#include "tinyrun/plan.h"

#include <stdio.h>
#include <sys/stat.h>

static void say_maps(struct words *w, const char *what, const struct spec_id_maps *maps)
{
	for (size_t i = 0; i < maps->n; i++) {
		const struct spec_id_map *m = &maps->v[i];
		char text[64];

		(void)snprintf(text, sizeof(text), "%s %u..%u as %u..%u", what, m->container_id,
			       m->container_id + m->size - 1, m->host_id, m->host_id + m->size - 1);
		words_add(w, text);
	}
}

static void say_idmap(const struct plan_fd *fd, struct words *w)
{
	if (!fd->idmap)
		return;
	words_add(w, fd->idmap_recursive ? "ridmap" : "idmap");
	if (fd->idmap_ns)
		words_add(w, fd->idmap_ns);
	say_maps(w, "uids", &fd->uid_map);
	say_maps(w, "gids", &fd->gid_map);
}

static void say_changes(const struct plan_fd *fd, struct buf *out)
{
	struct words w = {.out = out};

	if (fd->recursive)
		words_add(&w, "recursive");
	words_add(&w, fd->copy_symlink ? "or copy a symlink" : "");
	words_add(&w, fd->nofollow ? "not following" : "");
	for (size_t i = 0; i < fd->n_propagation; i++)
		words_add(&w, words_propagation(fd->propagation[i]));
	words_attributes(&w, fd->rec_set, fd->rec_clr, true);
	words_attributes(&w, fd->attr_set, fd->attr_clr, false);
	say_idmap(fd, &w);
	words_end(&w);
}

static void say_namespace(const struct plan_fd *fd, struct buf *out)
{
	bool is_named = fd->hostname || fd->domainname;

	buf_add_str(out, "open the ");
	words_namespaces(out, fd->ns_flag);
	buf_addf(out, " namespace %s%s", fd->path,
		 fd->not_host ? ", which must not be ours"
		 : is_named   ? ", which must not be ours under another name"
			      : "");
	if (fd->uid_map.n || fd->gid_map.n)
		buf_add_str(out, ", which must have the mappings of the configuration");
}

static void say_device(const struct plan_fd *fd, struct buf *out)
{
	buf_addf(out, "clone the host's %s, check that it is %c %u:%u", fd->path,
		 S_ISBLK(fd->mode) ? 'b' : 'c', fd->major, fd->minor);
	say_changes(fd, out);
}

void plan_describe_fd(const struct plan *p, size_t i, struct buf *out)
{
	const struct plan_fd *fd = &p->fds[i];

	switch (fd->kind) {
	case PLAN_FD_NAMESPACE:
		say_namespace(fd, out);
		break;
	case PLAN_FD_ROOTFS:
		buf_addf(out, "clone the root file system at %s", fd->path);
		say_changes(fd, out);
		break;
	case PLAN_FD_BIND:
		buf_addf(out, "clone the mount at %s", fd->path);
		say_changes(fd, out);
		break;
	case PLAN_FD_DEVICE:
		say_device(fd, out);
		break;
	case PLAN_FD_CGROUP:
		buf_add_str(out, "clone the container's cgroup directory");
		say_changes(fd, out);
		break;
	case PLAN_FD_PROGRAM:
		buf_addf(out, "open the program %s", fd->path);
		break;
	case PLAN_FD_DIRECTORY:
		buf_add_str(out, "open the bundle");
		break;
	case PLAN_FD_OUTPUT:
		buf_addf(out, "open %s to append to it", fd->path);
		break;
	case PLAN_FD_PROCESS:
		buf_add_str(out, "open the container's process");
		break;
	case PLAN_FD_ROOT:
		buf_add_str(out, "open the root directory of the container's process");
		break;
	case PLAN_FD_LISTENER:
		buf_add_str(out, "listen for start");
		break;
	case PLAN_FD_TRACE:
		buf_add_str(out, "share memory for the times of the steps");
		break;
	}
}
