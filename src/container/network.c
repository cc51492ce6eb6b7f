/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network - the container's network.
 *
 * It is made by the runtime while init is at work on mounts, from outside: init has no part in it.
 * The record of it is in the state file before the first link is made.
 */
#include "container/network.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "container/names.h"
#include "tinyrun/fd.h"
#include "tinyrun/proc.h"

/* --- what is asked --- */

static int read_annotations(struct creation *c, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->spec->n_annotations; i++) {
		const struct spec_annotation *a = &c->spec->annotations[i];

		r = net_options_annotate(c->net, a->key, a->value, e);
	}
	return r == 0 ? net_options_check(c->net, e) : r;
}

static int want_new(struct spec_ns *ns, struct err *e)
{
	if (ns->present && ns->path)
		return err_user(e,
				"--network: linux.namespaces[%zu] is the network namespace %s, "
				"which is another's to set up: leave one of the two out",
				ns->index, ns->path);
	if (!ns->present)
		*ns = (struct spec_ns){.present = true, .index = SPEC_NS_ADDED};
	return 0;
}

static int want_host(const struct spec *spec, struct spec_ns *ns, struct err *e)
{
	for (size_t i = 0; i < spec->n_sysctls; i++)
		if (spec->sysctls[i].needs == SPEC_NS_NETWORK)
			return err_user(e,
					"--network host: linux.sysctl.%s would be set on the host: "
					"leave it out",
					spec->sysctls[i].name);
	*ns = (struct spec_ns){.present = false};
	return 0;
}

int network_decide(struct creation *c, struct err *e)
{
	struct spec_ns *ns = &c->spec->ns[SPEC_NS_NETWORK];
	int r = read_annotations(c, e);

	if (r == 0 && !c->dry && (c->net->mode == NET_BRIDGE || c->spec->n_net_devices > 0))
		r = net_load(e);
	if (r < 0)
		return r;
	switch (c->net->mode) {
	case NET_UNSET:
		return 0;
	case NET_HOST:
		return want_host(c->spec, ns, e);
	case NET_PATH:
		*ns = (struct spec_ns){
			.present = true, .path = c->net->path, .index = SPEC_NS_ADDED};
		return 0;
	default:
		break;
	}
	r = want_new(ns, e);
	if (r < 0 || c->net->mode != NET_BRIDGE)
		return r;
	if (c->rt->rootless && !c->dry)
		return err_user(e, "--network bridge needs root, whose the host's network is: use "
				   "--network host, or none");
	if (asprintf(&c->names_dir, "%s/%s", c->rt->root ? c->rt->root : "/run/tinyrun",
		     c->o->id) >= 0)
		return 0;
	c->names_dir = NULL;
	return err_num(e, ENOMEM, "name the state directory");
}

/* --- what is made --- */

int network_prepare(struct creation *c, struct err *e)
{
	auto_buf struct buf json = BUF_INIT;
	int r;

	if (c->net->mode != NET_BRIDGE)
		return 0;
	/* of one with this id, whose state directory somebody has removed */
	r = net_forget(c->rt->root_fd, c->o->id, e);
	if (r == 0)
		r = net_prepare(c->rt->root_fd, c->net, c->o->id, &c->record, e);
	if (r < 0)
		return r;
	net_record_json(&c->record, &json);
	r = buf_check(&json, e);
	if (r == 0)
		c->state.network = arena_strdup(&c->state.arena, json.data);
	return r == 0 && !c->state.network ? err_num(e, ENOMEM, "keep the network's record") : r;
}

int network_write_names(struct creation *c, struct err *e)
{
	if (!c->names_dir)
		return 0;
	return names_write(c->dir_fd, c->spec, c->net, &c->record, e);
}

bool network_is_ready(const struct creation *c)
{
	return c->attached || c->net->mode != NET_BRIDGE;
}

#define NETNS_GONE 1 /* init has ended, and has said why */

static int open_netns(const struct creation *c, int *ret, struct err *e)
{
	char name[40];
	int proc = proc_fd(e);

	if (proc < 0)
		return proc;
	(void)snprintf(name, sizeof(name), "%d/ns/net", (int)c->init.pid);
	*ret = openat(proc, name, O_RDONLY | O_CLOEXEC);
	if (*ret < 0 && proc_has_ended(c->init.pidfd, 0))
		return NETNS_GONE;
	return *ret < 0 ? err_sys(e, "open the container's network namespace") : 0;
}

int network_attach(struct creation *c, struct err *e)
{
	auto_fd int netns_fd = -1;
	int r;

	if (network_is_ready(c))
		return 0;
	r = open_netns(c, &netns_fd, e);
	if (r == NETNS_GONE)
		return 0;
	if (r == 0)
		r = net_attach(c->rt->root_fd, &c->record, netns_fd, e);
	c->attached = r == 0;
	return r;
}

int network_move_devices(struct creation *c, struct err *e)
{
	auto_fd int netns_fd = -1;
	int r = c->spec->n_net_devices ? open_netns(c, &netns_fd, e) : 0;

	for (size_t i = 0; i < c->spec->n_net_devices && r == 0; i++) {
		const struct spec_net_device *d = &c->spec->net_devices[i];

		r = net_move_device(d->name, d->new_name, netns_fd, &c->moved, e);
		if (r < 0)
			r = err_wrap(e, "linux.netDevices.%s", d->name);
	}
	return r;
}

int network_detach(const struct runtime *rt, const struct state *st, struct err *e)
{
	auto_json struct json_doc *doc = NULL;
	auto_net_record struct net_record rec = NET_RECORD_INIT;
	struct json root;
	int r;

	if (!st->network)
		return 0;
	r = json_parse(st->network, strlen(st->network), "the network's record", &doc, e);
	if (r < 0)
		return r;
	root = json_root(doc);
	r = net_record_parse(&root, &rec, e);
	return r < 0 ? r : net_detach(rt->root_fd, &rec, e);
}
