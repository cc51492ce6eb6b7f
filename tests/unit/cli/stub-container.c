/* SPDX-License-Identifier: Apache-2.0 */
/* stub-container - see stub-container.h. */
#include "stub-container.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tinyrun/plan.h"

struct stub stub;

static int answer(const char *name, const char *id, struct err *e)
{
	stub.called = name;
	(void)snprintf(stub.id, sizeof(stub.id), "%s", id ? id : "");
	return stub.fail ? err_num(e, stub.fail, "%s", name) : 0;
}

int runtime_open(struct runtime *rt, const char *root, enum runtime_root how, struct err *e)
{
	(void)e;
	(void)snprintf(stub.root, sizeof(stub.root), "%s", root ? root : "");
	stub.how = how;
	stub.runtime = *rt;
	rt->root_fd = stub.no_root ? -1 : 1000;
	return 0;
}

void runtime_close(struct runtime *rt)
{
	*rt = RUNTIME_INIT;
}

int container_create(struct runtime *rt, const struct container_options *o, struct err *e)
{
	(void)rt;
	stub.options = *o;
	return answer("create", o->id, e);
}

int container_run(struct runtime *rt, const struct container_options *o, int *ret_status,
		  struct err *e)
{
	(void)rt;
	stub.options = *o;
	*ret_status = stub.status;
	return answer("run", o->id, e);
}

int container_start(struct runtime *rt, const char *id, struct err *e)
{
	(void)rt;
	return answer("start", id, e);
}

int container_kill(struct runtime *rt, const char *id, int sig, bool all, struct err *e)
{
	(void)rt;
	stub.sig = sig;
	stub.flag = all;
	return answer("kill", id, e);
}

static void add_words(const char *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(stub.words);

		(void)snprintf(stub.words + len, sizeof(stub.words) - len, "%s|", v[i]);
	}
}

int container_exec(struct runtime *rt, const struct container_exec *o, int *ret_status,
		   struct err *e)
{
	(void)rt;
	stub.exec = *o;
	stub.words[0] = '\0';
	add_words(o->args, o->n_args);
	add_words(o->env, o->n_env);
	add_words(o->caps, o->n_caps);
	add_words(o->groups, o->n_groups);
	*ret_status = stub.status;
	return answer("exec", o->common.id, e);
}

int container_update(struct runtime *rt, const struct container_update *u, struct err *e)
{
	const char *const lines[] = {u->l3_cache ? u->l3_cache : "",
				     u->mem_bandwidth ? u->mem_bandwidth : ""};

	(void)rt;
	stub.limits = *u->limits;
	stub.words[0] = '\0';
	add_words(lines, 2);
	return answer("update", u->id, e);
}

int container_events(struct runtime *rt, const char *id, int interval_ms, container_event_fn *each,
		     void *arg, struct err *e)
{
	auto_buf struct buf line = BUF_INIT;

	(void)rt;
	stub.interval = interval_ms;
	buf_add_str(&line, "{}\n");
	(void)each(arg, &line, e);
	return answer("events", id, e);
}

int container_ps(struct runtime *rt, const char *id, pid_t **ret, size_t *ret_n, struct err *e)
{
	(void)rt;
	*ret = stub.entries ? calloc(stub.entries, sizeof(**ret)) : NULL;
	*ret_n = *ret ? stub.entries : 0;
	for (size_t i = 0; i < *ret_n; i++)
		(*ret)[i] = (pid_t)(17 + i);
	return answer("ps", id, e);
}

int container_pause(struct runtime *rt, const char *id, struct err *e)
{
	(void)rt;
	return answer("pause", id, e);
}

int container_resume(struct runtime *rt, const char *id, struct err *e)
{
	(void)rt;
	return answer("resume", id, e);
}

bool runtime_is_rootless(void)
{
	return geteuid() != 0;
}

int container_delete(struct runtime *rt, const char *id, bool force, struct err *e)
{
	(void)rt;
	stub.flag = force;
	return answer("delete", id, e);
}

int container_state(struct runtime *rt, const char *id, struct buf *out, struct err *e)
{
	(void)rt;
	buf_add_str(out, "{\n  \"id\": \"web1\"\n}\n");
	return answer("state", id, e);
}

int container_list(struct runtime *rt, int (*each)(void *arg, const struct container_entry *entry),
		   void *arg, struct err *e)
{
	static const struct container_entry entries[] = {
		{"a", 17, "running", "/srv/\033[1mlong-bundle-name", "2026-05-04T10:11:12Z", "root",
		 "{\"id\":\"a\"}"},
		{"b", 0, "stopped", "/b", "2026-05-04T10:11:13Z", "root", "{\"id\":\"b\"}"},
	};

	for (size_t i = 0; i < stub.entries && rt->root_fd >= 0; i++)
		(void)each(arg, &entries[i]);
	return answer("list", NULL, e);
}

int container_checkpoint(struct runtime *rt, const struct container_checkpoint *o, struct err *e)
{
	(void)rt;
	stub.checkpoint = *o;
	return answer("checkpoint", o->id, e);
}

int container_restore(struct runtime *rt, const struct container_restore *o, int *ret_status,
		      struct err *e)
{
	(void)rt;
	stub.restore = *o;
	*ret_status = stub.status;
	return answer("restore", o->common.id, e);
}

int container_mounts(struct runtime *rt, const char *id, enum container_mounts what,
		     const char *file, struct err *e)
{
	(void)rt;
	stub.flag = what == CONTAINER_MOUNTS_ADD;
	(void)snprintf(stub.words, sizeof(stub.words), "%s", file);
	return answer("mounts", id, e);
}

int container_match(struct runtime *rt, const char *pattern, container_id_fn *each, void *arg,
		    struct err *e)
{
	char found[170];

	(void)rt;
	(void)snprintf(found, sizeof(found), "%s1", pattern);
	return each(arg, found, e);
}

int container_plan(struct runtime *rt, const struct container_options *o,
		   enum container_plan_format format, struct buf *out, struct err *e)
{
	(void)rt;
	stub.options = *o;
	stub.format = format;
	buf_add_str(out, "1 step\n");
	return answer("plan", o->id, e);
}

const char *plan_seccomp_library(void)
{
	return "2.5.4";
}
