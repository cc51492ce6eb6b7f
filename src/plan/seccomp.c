/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp - the filter for linux.seccomp: from the cache, or compiled and put there.
 *
 * Compiling a usual profile takes ten milliseconds, a whole container less; so a filter is kept
 * with the exact text that it was made from, and on a hit neither the rules are parsed nor
 * libseccomp is touched.
 */
#include "plan/seccomp.h"

#include "plan/internal.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/*
 * When it is loaded: without no_new_privs before CAP_SYS_ADMIN is given up; with it as the last
 * thing of all, so that a profile need not allow what init does. A filter with a listener is for
 * `create` to hand over, so it comes before the wait for `start`.
 */
enum seccomp_time seccomp_time(const struct builder *b)
{
	if (!b->in->spec->process.no_new_privileges)
		return SECCOMP_BEFORE_USER;
	return b->in->seccomp && b->in->seccomp->notifies ? SECCOMP_BEFORE_WAIT : SECCOMP_LAST;
}

/* Do: load the filter. Must not before: its time has come. */
int seccomp_plan(struct builder *b, struct err *e)
{
	const struct plan_program *program = b->in->seccomp;
	struct plan_step *step;

	if (!b->in->spec->seccomp_text)
		return 0;
	if (!program)
		return err_user(e, "linux.seccomp: the filter has not been compiled");
	step = builder_step(b, STEP_SECCOMP, "linux.seccomp");
	step->seccomp.insns =
		builder_array(b, program->insns, program->n_insns * sizeof(struct sock_filter));
	step->seccomp.n_insns = program->n_insns;
	step->seccomp.filter_flags = program->filter_flags;
	step->seccomp.listener = program->notifies;
	return 0;
}

/*
 * TSYNC: the filter is for one thread of init, and the kernel refuses it beside a listener.
 * WAIT_KILLABLE_RECV is about what a listener has received; without one the kernel refuses it.
 */
static uint32_t filter_flags(const struct spec_seccomp *rules)
{
	uint32_t flags = rules->flags_present ? (uint32_t)rules->flags
					      : (uint32_t)SECCOMP_FILTER_FLAG_SPEC_ALLOW;

	if (!rules->notifies)
		return flags & ~(uint32_t)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	return (flags | SECCOMP_FILTER_FLAG_NEW_LISTENER) & ~(uint32_t)SECCOMP_FILTER_FLAG_TSYNC;
}

static int compile_text(const struct seccomp_api *api, const struct spec *spec, const char *text,
			size_t len, struct plan_program *ret, struct err *e)
{
	struct spec_seccomp *rules = NULL;
	int r = spec ? spec_seccomp_load(spec, &rules, e)
		     : spec_seccomp_parse(text, len, &rules, e);

	if (r < 0)
		return r;
	r = seccomp_rules_compile(api, rules, ret, e);
	if (r == 0) {
		seccomp_compact(ret);
		ret->filter_flags = filter_flags(rules);
		ret->notifies = rules->notifies;
	}
	spec_seccomp_free(&rules);
	return r;
}

int plan_seccomp(const struct spec *spec, const char *text, size_t len, int cache_fd,
		 struct plan_program *ret, struct err *e)
{
	const struct seccomp_api *api;
	char stamp[SECCOMP_STAMP];
	struct err ignored = ERR_INIT;
	int r = cache_fd < 0 ? CACHE_E_MISS : cache_load(cache_fd, text, len, ret, e);

	if (r != CACHE_E_MISS)
		return r;
	r = seccomp_library(&api, e);
	if (r == 0)
		r = compile_text(api, spec, text, len, ret, e);
	if (r < 0)
		return r;
	/* the cache is for speed alone: a full or read-only disk is no reason to fail */
	if (cache_fd >= 0 && seccomp_library_stamp(stamp, &ignored) == 0)
		(void)cache_store(cache_fd, text, len, stamp, ret, &ignored);
	return 0;
}

const char *plan_seccomp_library(void)
{
	static char version[48];
	const struct seccomp_api *api;
	struct err ignored = ERR_INIT;

	if (seccomp_library(&api, &ignored) < 0)
		return NULL;
	(void)snprintf(version, sizeof(version), "%u.%u.%u", api->version()->major,
		       api->version()->minor, api->version()->micro);
	return version;
}
