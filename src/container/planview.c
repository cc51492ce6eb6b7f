/* SPDX-License-Identifier: Apache-2.0 */
/*
 * planview - `tinyrun plan`: what create would do to the kernel, in order, and where in config.json
 * each operation comes from.
 *
 * It shows the same data that create executes: the cgroup's writes, the slots that the host opens,
 * the namespaces of the clone, the steps of init.
 */
#include "container/create.h"
#include "container/hooks.h"
#include "tinyrun/buf.h"

#include <string.h>

struct view {
	struct buf *out;
	enum container_plan_format format;
	unsigned n;
};

static void show(struct view *v, const char *where, const char *what, const char *from)
{
	v->n++;
	if (v->format == CONTAINER_PLAN_TEXT) {
		auto_buf struct buf path = BUF_INIT;

		buf_add_escaped(&path, from ? from : "");
		buf_addf(v->out, "%4u  %-4s  %-24s  ", v->n, where, path.data ? path.data : "");
		buf_add_escaped(v->out, what);
		buf_add_char(v->out, '\n');
		return;
	}
	buf_addf(v->out, "%s\n  {\"n\": %u, \"where\": \"%s\", \"what\": ", v->n > 1 ? "," : "",
		 v->n, where);
	buf_add_json_str(v->out, what);
	buf_add_str(v->out, ", \"from\": ");
	buf_add_json_str(v->out, from ? from : "");
	buf_add_str(v->out, "}");
}

/* Describes into @text, shows it and empties it for the next. */
static void show_text(struct view *v, const char *where, struct buf *text, const char *from)
{
	show(v, where, text->data ? text->data : "", from);
	text->len = 0;
}

static int show_cgroup(struct view *v, const struct creation *c, struct err *e)
{
	const struct limits *limits = c->spec->has_resources ? &c->spec->limits : NULL;
	auto_buf struct buf text = BUF_INIT;
	struct cgroup_writes writes = {.v = NULL};
	int r;

	if (!c->cgroup_path && !c->scope.unit)
		return 0;
	if (c->scope.unit)
		buf_addf(&text, "have systemd make %s in %s", c->scope.unit, c->scope.slice);
	else
		buf_addf(&text, "make the cgroup %s%s", c->host.mount, c->cgroup_path);
	show_text(v, "host", &text, c->spec->cgroups_path ? "linux.cgroupsPath" : "");
	for (size_t i = 0; i < c->properties.n; i++) {
		buf_add_str(&text, "  with ");
		scope_describe(&c->properties.v[i], &text);
		show_text(v, "host", &text, c->properties.v[i].origin);
	}
	r = limits ? cgroup_convert(limits, &writes, e) : 0;
	for (size_t i = 0; i < writes.n && r == 0; i++) {
		char from[128];

		buf_addf(&text, "write %s to %s", writes.v[i].value, writes.v[i].file);
		(void)snprintf(from, sizeof(from), "linux.resources.%s", writes.v[i].origin);
		show_text(v, "host", &text, from);
	}
	cgroup_writes_done(&writes);
	if (c->spec->rdt.set) {
		buf_addf(&text, "use the class %s of resctrl",
			 c->spec->rdt.group ? c->spec->rdt.group : c->o->id);
		show_text(v, "host", &text, "linux.intelRdt");
	}
	return r;
}

/* While init is at work; also without a rule, as the default is to allow none. */
static void show_devices(struct view *v, const struct creation *c)
{
	auto_buf struct buf text = BUF_INIT;
	size_t n = c->spec->has_resources ? c->spec->limits.n_devices : 0;

	if (!c->cgroup_path && !c->scope.unit)
		return;
	buf_addf(&text, "attach a device filter of %zu rule%s", n, n == 1 ? "" : "s");
	show_text(v, "host", &text, "linux.resources.devices");
}

static void show_clone(struct view *v, const struct creation *c)
{
	auto_buf struct buf text = BUF_INIT;

	buf_add_str(&text, "clone3 init from a sealed memory file");
	for (int kind = 0; kind < SPEC_NS_MAX; kind++)
		if (c->plan->clone_flags & spec_ns_flag((enum spec_ns_kind)kind))
			buf_addf(&text, "%s%s", strchr(text.data, ':') ? " " : "; new namespaces: ",
				 spec_ns_name((enum spec_ns_kind)kind));
	show_text(v, "host", &text, "linux.namespaces");
}

static void show_id_map(struct view *v, const char *file, const struct spec_id_maps *maps,
			const char *from)
{
	auto_buf struct buf text = BUF_INIT;

	for (size_t i = 0; i < maps->n; i++) {
		char path[64];

		buf_addf(&text, "map container %s %u-%u to host %u", file, maps->v[i].container_id,
			 maps->v[i].container_id + maps->v[i].size - 1, maps->v[i].host_id);
		(void)snprintf(path, sizeof(path), "%s[%zu]", from, i);
		show_text(v, "host", &text, path);
	}
}

static void say_output(const struct spec *spec, enum spec_annotation_name name, const char *stream,
		       struct buf *out)
{
	const char *path = spec_annotation_set(spec, name);

	if (path)
		buf_addf(out, ", %s to %s", stream, path);
}

static void show_hooks(struct view *v, const struct creation *c, enum spec_hook_kind kind)
{
	const struct spec_hooks *hooks = &c->spec->hooks[kind];

	for (size_t i = 0; i < hooks->n; i++) {
		auto_buf struct buf text = BUF_INIT;
		char from[64];

		buf_addf(&text, "run the %s hook %s", spec_hook_name(kind), hooks->v[i].path);
		say_output(c->spec, SPEC_ANNOTATION_HOOKS_STDOUT, "stdout", &text);
		say_output(c->spec, SPEC_ANNOTATION_HOOKS_STDERR, "stderr", &text);
		(void)snprintf(from, sizeof(from), "hooks.%s[%zu]", spec_hook_name(kind), i);
		show_text(v, "host", &text, from);
	}
}

static void show_net_devices(struct view *v, const struct creation *c)
{
	for (size_t i = 0; i < c->spec->n_net_devices; i++) {
		const struct spec_net_device *d = &c->spec->net_devices[i];
		auto_buf struct buf text = BUF_INIT, from = BUF_INIT;

		buf_addf(&text, "move the interface %s there, as %s, with its addresses", d->name,
			 d->new_name);
		buf_addf(&from, "linux.netDevices.%s", d->name);
		show_text(v, "host", &text, from.data);
	}
}

static int show_sentence(void *arg, const char *sentence)
{
	show(arg, "host", sentence, "--network");
	return 0;
}

static void show_network(struct view *v, const struct creation *c)
{
	(void)net_describe(c->net, show_sentence, v); /* showing does not fail */
	if (c->plan->loopback)
		show(v, "host", "bring up the loopback interface", "linux.namespaces");
}

static void show_host(struct view *v, const struct creation *c)
{
	auto_buf struct buf text = BUF_INIT;

	for (size_t i = 0; i < c->plan->n_fds; i++) {
		plan_describe_fd(c->plan, i, &text);
		show_text(v, "host", &text, c->plan->fds[i].origin);
	}
	show_clone(v, c);
	show_network(v, c);
	show_devices(v, c);
	show_id_map(v, "uids", &c->spec->uid_map, "linux.uidMappings");
	show_id_map(v, "gids", &c->spec->gid_map, "linux.gidMappings");
	if (c->spec->process.oom_score_adj.set) {
		buf_addf(&text, "set oom_score_adj to %lld",
			 (long long)c->spec->process.oom_score_adj.value);
		show_text(v, "host", &text, "process.oomScoreAdj");
	}
}

static void show_annotation(struct view *v, const struct creation *c,
			    enum spec_annotation_name name, const char *what)
{
	const char *value = spec_annotation_set(c->spec, name);
	auto_buf struct buf text = BUF_INIT, from = BUF_INIT;

	if (!value)
		return;
	buf_addf(&text, "%s %s", what, value);
	buf_addf(&from, "annotations: %s", spec_annotation_text(name));
	show_text(v, "host", &text, from.data);
}

/* What the host does when init waits for start. */
static void show_ready(struct view *v, const struct creation *c)
{
	show_annotation(v, c, SPEC_ANNOTATION_DELEGATE,
			"move the process to the part of its cgroup");
	show_annotation(v, c, SPEC_ANNOTATION_PIDFD_RECEIVER, "send a pidfd of the process to");
}

static void show_steps(struct view *v, const struct creation *c)
{
	size_t n = plan_header(c->plan)->n_steps;

	for (size_t i = 0; i < n; i++) {
		auto_buf struct buf text = BUF_INIT;
		const struct plan_step *step = plan_step(c->plan, i);

		plan_describe_step(c->plan, i, &text);
		show_text(v, "init", &text, plan_str(c->plan, step->origin));
		if (step->kind == STEP_HOOKS) {
			show_net_devices(v, c);
			show_hooks(v, c, SPEC_HOOK_PRESTART);
			show_hooks(v, c, SPEC_HOOK_CREATE_RUNTIME);
		}
		if (step->kind == STEP_WAIT)
			show_ready(v, c);
	}
	show_hooks(v, c, SPEC_HOOK_POSTSTART);
}

int container_plan(struct runtime *rt, const struct container_options *o,
		   enum container_plan_format format, struct buf *out, struct err *e)
{
	struct container_options named = *o;
	struct view v = {.out = out, .format = format};
	struct creation c;
	int r;

	if (!named.id)
		named.id = "ID";
	creation_init(&c, rt, &named, PLAN_CREATE);
	c.dry = true;
	r = creation_compile(&c, e);
	if (r == 0) {
		if (format == CONTAINER_PLAN_JSON)
			buf_add_char(out, '[');
		r = show_cgroup(&v, &c, e);
		show_host(&v, &c);
		show_steps(&v, &c);
		if (format == CONTAINER_PLAN_JSON)
			buf_add_str(out, "\n]\n");
	}
	creation_done(&c);
	return r < 0 ? r : buf_check(out, e);
}
