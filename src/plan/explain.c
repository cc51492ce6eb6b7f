/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain - init's failure in words.
 *
 * Init says the number of the step, an errno and at most a detail; the plan knows what the step was
 * for. What clients look for in messages (cli-contract "Texts that clients match") is said exactly
 * where it is true: a program that is not there, that may not be executed, a hook that failed.
 */
#include "tinyrun/plan.h"

#include "tinyrun/buf.h"
#include "tinyrun/spec.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

struct failure {
	const struct plan *p;
	const struct plan_step *step;
	const struct plan_msg *msg;
};

/* The text stands for the reason: no errno's words behind it, but its number stays. */
static int said(struct err *e, int errnum)
{
	e->errnum = errnum > 0 ? errnum : EINVAL;
	return -e->errnum;
}

/* "permission denied", as Go and so runc spell it. */
static const char *reason(int errnum, char *out, size_t size)
{
	(void)snprintf(out, size, "%s", err_text(errnum));
	out[0] = (char)tolower((unsigned char)out[0]);
	return out;
}

/* --- the program --- */

static int explain_find(const struct failure *f, struct err *e)
{
	const char *name = plan_str(f->p, f->step->find.name);
	int errnum = f->msg->errnum;
	char why[128];

	if (errnum != ENOENT)
		(void)err_user(e, "exec: \"%s\": %s", name, reason(errnum, why, sizeof(why)));
	else if (strchr(name, '/'))
		(void)err_user(e, "exec: \"%s\": stat %s: no such file or directory", name, name);
	else
		(void)err_user(e, "exec: \"%s\": executable file not found in $PATH", name);
	return said(e, errnum);
}

/* The file itself was there a moment ago: STEP_FIND has seen it. */
static const char *exec_hint(int errnum)
{
	switch (errnum) {
	case ENOENT:
		return " (the file is there; what it names to run it is not: the interpreter "
		       "behind #!, or the dynamic loader)";
	case ENOEXEC:
		return " (neither a program for this machine nor a script that begins with #!)";
	default:
		return "";
	}
}

static int explain_exec(const struct failure *f, struct err *e)
{
	uint32_t argv = f->step->exec.argv, program = 0;
	const char *path = f->msg->text;
	char why[128];

	if (!*path && argv <= f->p->size && f->p->size - argv >= sizeof(program))
		memcpy(&program, (const char *)f->p->bytes + argv, sizeof(program));
	if (!*path)
		path = plan_str(f->p, program);
	(void)err_user(e, "exec %s: %s%s", path, reason(f->msg->errnum, why, sizeof(why)),
		       exec_hint(f->msg->errnum));
	return said(e, f->msg->errnum);
}

/* --- hooks --- */

static void hook_end(const struct failure *f, char *out, size_t size)
{
	int status = (int)f->msg->status;

	if (strcmp(f->msg->text, "timed out") == 0)
		(void)snprintf(out, size, "timed out after %u s", f->step->hook.timeout_ms / 1000);
	else if (WIFSIGNALED(status))
		(void)snprintf(out, size, "killed by signal %d", WTERMSIG(status));
	else
		(void)snprintf(out, size, "exit status %d", WEXITSTATUS(status));
}

/* What the hook wrote last, without the newline at its end. */
static int explain_hook(const struct failure *f, struct err *e)
{
	const struct plan_step *s = f->step;
	const char *list = spec_hook_name((enum spec_hook_kind)s->hook.list);
	char end[64];
	int len = (int)strlen(f->msg->text);

	if (f->msg->errnum) {
		(void)err_num(e, f->msg->errnum, "error running %s hook #%u: exec %s", list,
			      s->hook.index, plan_str(f->p, s->hook.path));
		return -f->msg->errnum;
	}
	while (len > 0 && f->msg->text[len - 1] == '\n')
		len--;
	hook_end(f, end, sizeof(end));
	if (len > 0 && strncmp(end, "timed out", 9) != 0)
		(void)err_user(e, "error running %s hook #%u: %s, stdout and stderr: %.*s", list,
			       s->hook.index, end, len, f->msg->text);
	else
		(void)err_user(e, "error running %s hook #%u: %s", list, s->hook.index, end);
	return said(e, EINVAL);
}

/* --- everything else --- */

/* What the step acts on, as " on /www"; "" when the words say it all. */
static void object_of(const struct failure *f, char *out, size_t size)
{
	const struct plan_step *s = f->step;
	const char *gap = " ", *name = "";

	switch ((enum plan_step_kind)s->kind) {
	case STEP_MOUNT:
		(void)snprintf(out, size, " %s on %s", plan_str(f->p, s->mount.fstype),
			       plan_str(f->p, s->mount.target));
		return;
	case STEP_ATTACH:
		gap = " on ";
		name = plan_str(f->p, s->attach.target);
		break;
	case STEP_SETATTR:
		gap = " on ";
		name = plan_str(f->p, s->setattr.target);
		break;
	case STEP_MKNOD:
		name = plan_str(f->p, s->mknod.path);
		break;
	case STEP_SYMLINK:
		name = plan_str(f->p, s->symlink.path);
		break;
	case STEP_HOSTNAME:
	case STEP_DOMAINNAME:
	case STEP_SELINUX_LABEL:
	case STEP_APPARMOR:
		name = plan_str(f->p, s->text.name);
		break;
	case STEP_SYSCTL:
		name = plan_str(f->p, s->sysctl.name);
		break;
	case STEP_UNMOUNT:
	case STEP_READONLY_PATH:
	case STEP_MASK:
	case STEP_CWD:
		name = plan_str(f->p, s->path.path);
		break;
	default:
		break;
	}
	(void)snprintf(out, size, "%s%s", *name ? gap : "", name);
}

/* Of these the kernel says only that the values are wrong: they are told as `plan` does. */
static bool is_of_values(const struct plan_step *s)
{
	switch ((enum plan_step_kind)s->kind) {
	case STEP_TIME_OFFSET:
	case STEP_RLIMIT:
	case STEP_SCHEDULER:
	case STEP_IO_PRIORITY:
	case STEP_PERSONALITY:
	case STEP_MEMORY_POLICY:
		return true;
	default:
		return false;
	}
}

static void describe(const struct failure *f, char *out, size_t size)
{
	auto_buf struct buf line = BUF_INIT;
	const char *words = plan_step_words(f->step->kind);
	char object[200];

	if (is_of_values(f->step)) {
		plan_describe_step(f->p, f->msg->step, &line);
		(void)snprintf(out, size, "%s", line.data ? line.data : words);
		return;
	}
	object_of(f, object, sizeof(object));
	(void)snprintf(out, size, "%s%s", f->step->kind == STEP_MOUNT ? "mount" : words, object);
}

static int explain_step(const struct failure *f, struct err *e)
{
	const char *detail = f->msg->text;
	char what[280];

	describe(f, what, sizeof(what));
	if (*detail && strstr(what, detail))
		detail = ""; /* it is said already */
	if (f->msg->errnum == 0) {
		(void)err_user(e, "%s: %s", what, *detail ? detail : "failed");
		return said(e, EINVAL);
	}
	return err_num(e, f->msg->errnum, "%s%s%s", what, *detail ? ": " : "", detail);
}

/* The bytes may come from a file in the state directory. */
static bool has_step(const struct plan *p, uint32_t step)
{
	const struct plan_header *h = p->bytes;

	return p->bytes && p->size >= sizeof(*h) && h->magic == PLAN_MAGIC && h->size == p->size &&
	       step < h->n_steps && h->steps <= h->size &&
	       (h->size - h->steps) / sizeof(struct plan_step) >= h->n_steps;
}

int plan_explain(const struct plan *p, const struct plan_msg *msg, struct err *e)
{
	struct failure f = {.p = p, .msg = msg};
	const char *origin;
	int r;

	if (!has_step(p, msg->step)) {
		(void)err_user(e, "start the container: %s",
			       *msg->text ? msg->text : err_text(msg->errnum));
		return said(e, msg->errnum);
	}
	f.step = plan_step(p, msg->step);
	if (f.step->kind == STEP_FIND)
		return explain_find(&f, e);
	if (f.step->kind == STEP_EXEC)
		return explain_exec(&f, e);
	r = f.step->kind == STEP_HOOK ? explain_hook(&f, e) : explain_step(&f, e);
	origin = plan_str(p, f.step->origin);
	return *origin ? err_wrap(e, "%s", origin) : r;
}
