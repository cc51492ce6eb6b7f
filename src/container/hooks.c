/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks - runs the hooks that belong to the runtime's namespaces: prestart, createRuntime,
 * poststart, poststop. Those of the container's are steps of the plan.
 */
#include "container/hooks.h"

#include "container/hook_process.h"
#include "tinyrun/log.h"

struct list { /* one of the configuration's, and what its hooks have in common */
	const struct spec_hooks *hooks;
	enum spec_hook_kind kind;
	const char *state_json;
	int bundle_fd;
	struct hook_output output;
};

static int run_one(const struct list *list, size_t index, struct err *e)
{
	const char *name = spec_hook_name(list->kind);
	int r = hook_process_run(&list->hooks->v[index], &list->output, list->state_json,
				 list->bundle_fd, e);

	if (r < 0) {
		(void)err_wrap(e, "error running %s hook #%zu", name, index);
		return err_wrap(e, "hooks.%s[%zu]", name, index);
	}
	return 0;
}

static struct list list_of(const struct spec *spec, enum spec_hook_kind kind,
			   const char *state_json, int bundle_fd)
{
	return (struct list){.hooks = &spec->hooks[kind],
			     .kind = kind,
			     .state_json = state_json,
			     .bundle_fd = bundle_fd,
			     .output = HOOK_OUTPUT_INIT};
}

int hooks_run(const struct spec *spec, enum spec_hook_kind kind, const char *state_json,
	      int bundle_fd, struct err *e)
{
	struct list list = list_of(spec, kind, state_json, bundle_fd);
	int r = list.hooks->n ? hook_output_open(spec, &list.output, e) : 0;

	for (size_t i = 0; r == 0 && i < list.hooks->n; i++)
		r = run_one(&list, i, e);
	hook_output_close(&list.output);
	return r;
}

static void warn(struct err *e)
{
	char text[ERR_FRAME_SIZE * 2];

	log_warning("%s", err_str(e, text, sizeof(text)));
}

void hooks_run_all(const struct spec *spec, enum spec_hook_kind kind, const char *state_json,
		   int bundle_fd)
{
	struct list list = list_of(spec, kind, state_json, bundle_fd);
	struct err refused = ERR_INIT;

	if (list.hooks->n && hook_output_open(spec, &list.output, &refused) < 0)
		warn(&refused);
	for (size_t i = 0; i < list.hooks->n; i++) {
		struct err e = ERR_INIT;

		if (run_one(&list, i, &e) < 0)
			warn(&e);
	}
	hook_output_close(&list.output);
}
