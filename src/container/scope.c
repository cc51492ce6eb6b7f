/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scope - a container whose cgroup is a scope of systemd.
 *
 * The scope's name is written down before systemd hears of it. Its description says which container
 * it is of, and from when: so who finds the name in a record does not end somebody else's scope.
 * Until the container's process is in the scope, the process that has asked for it is; it goes when
 * it is let go, and with us.
 */
#include "container/scope.h"

#include "tinyrun/fd.h"
#include "tinyrun/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static enum systemd_whose whose(const struct state *st)
{
	return st->scope_user ? SYSTEMD_USER : SYSTEMD_SYSTEM;
}

static void describe(const struct state *st, struct buf *out)
{
	buf_addf(out, "tinyrun container %s of %s", st->id, st->created);
}

int scope_decide(struct creation *c, struct err *e)
{
	int r = cgroup_host_init(&c->host, e);

	if (r == 0 && c->host.fd < 0)
		r = err_user(e, "--systemd-cgroup needs the cgroup2 hierarchy: mount it on "
				"/sys/fs/cgroup");
	return r < 0 ? r
		     : scope_name(c->spec->cgroups_path, c->o->id, c->rt->rootless, &c->scope, e);
}

static int list_limits(struct creation *c, const struct limits *limits, struct err *e)
{
	struct cgroup_writes writes = {.v = NULL};
	int r = cgroup_convert(limits, &writes, e);

	if (r == 0)
		r = scope_add_limits(&c->properties, &writes, e);
	cgroup_writes_done(&writes);
	return r;
}

int scope_list(struct creation *c, struct err *e)
{
	auto_buf struct buf description = BUF_INIT;
	int r;

	if (!c->scope.unit)
		return 0;
	describe(&c->state, &description);
	r = buf_check(&description, e);
	if (r == 0)
		r = scope_add_usual(&c->properties, &c->scope, description.data, e);
	for (size_t i = 0; i < c->spec->n_annotations && r == 0; i++)
		r = scope_add_annotation(&c->properties, c->spec->annotations[i].key,
					 c->spec->annotations[i].value, e);
	if (r == 0 && c->spec->has_resources)
		r = list_limits(c, &c->spec->limits, e);
	return r;
}

/* crun's annotation; "" is for the scope itself. */
static const char *subgroup(const struct spec *spec)
{
	const char *value = spec_annotation(spec, SPEC_ANNOTATION_SUBGROUP);

	return value ? value : "container";
}

int scope_make(struct creation *c, const struct limits *limits, struct err *e)
{
	int r = systemd_start(whose(&c->state), c->scope.unit, &c->properties, &c->keeper, e);

	if (r == SYSTEMD_E_NOT_MADE) {
		c->state.scope = NULL; /* nothing to end; one of this name is another's */
		r = -EIO;
	}
	if (r == 0)
		r = scope_enter(&c->host, &c->scope, c->keeper.pid, subgroup(c->spec), limits,
				&c->cgroup_path, &c->cgroup_fd, e);
	if (r < 0)
		return err_wrap(e, "systemd");
	c->state.cgroup_path = c->cgroup_path;
	c->state.cgroup_top = *subgroup(c->spec) ? c->cgroup_path : NULL;
	return 0;
}

int scope_update(const struct state *st, const struct limits *limits, struct err *e)
{
	struct scope_properties properties = {.v = NULL};
	struct cgroup_writes writes = {.v = NULL};
	int r;

	if (!st->scope)
		return 0;
	r = cgroup_convert(limits, &writes, e);
	if (r == 0)
		r = scope_add_limits(&properties, &writes, e);
	if (r == 0)
		r = systemd_set(whose(st), st->scope, &properties, e);
	cgroup_writes_done(&writes);
	scope_properties_done(&properties);
	return r < 0 ? err_wrap(e, "systemd") : 0;
}

int scope_end(const struct state *st, struct err *e)
{
	auto_buf struct buf description = BUF_INIT;
	struct err unheard = ERR_INIT;
	char text[ERR_FRAME_SIZE * 2];
	int r;

	if (!st->scope)
		return 0;
	describe(st, &description);
	r = buf_check(&description, e);
	if (r == 0)
		r = systemd_stop(whose(st), st->scope, description.data, &unheard);
	if (r == 0)
		return 0;
	if (st->cgroup_path) { /* what was in it has ended and is gone: systemd will see that */
		log_at(LOG_INFO, "systemd: %s", err_str(&unheard, text, sizeof(text)));
		return 0;
	}
	*e = unheard;
	return err_wrap(e, "systemd");
}
