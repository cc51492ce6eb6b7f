/* SPDX-License-Identifier: Apache-2.0 */
/* wish - see wish.h. What is only wrong for a configuration is left to those who read it. */
#include "cli/wish.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tinyrun/fd.h"
#include "tinyrun/str.h"

#define CPUS_MIN 0.01 /* 1 ms of each period: less the kernel does not take */
#define CPUS_MAX 8192
#define PIDS_MAX 4194304 /* PID_MAX_LIMIT: more the kernel does not take */

int wish_user(const char *text, uint32_t max, struct spec_wish *wish, struct err *e)
{
	const char *colon = strchr(text, ':');
	auto_free char *uid = strndup(text, colon ? (size_t)(colon - text) : strlen(text));
	uint64_t u, g;

	if (!uid)
		return err_num(e, ENOMEM, "read --user");
	if (str_to_u64(uid, max, &u) < 0 || str_to_u64(colon ? colon + 1 : uid, max, &g) < 0)
		return err_user(e, "--user: \"%s\" is not UID[:GID], numbers up to %u", text, max);
	wish->uid = (uint32_t)u;
	wish->gid = (uint32_t)g;
	return 0;
}

int wish_memory(const char *text, struct spec_wish *wish, struct err *e)
{
	if (text && (str_to_size(text, INT64_MAX, &wish->memory) < 0 || wish->memory == 0))
		return err_user(e, "--memory: found \"%s\", want bytes, as 1048576 or 512m", text);
	return 0;
}

int wish_pids(const char *option, const char *text, struct spec_wish *wish, struct err *e)
{
	if (text && (str_to_u64(text, PIDS_MAX, &wish->pids) < 0 || wish->pids == 0))
		return err_user(e,
				"--%s: found \"%s\", want a number of processes from 1 to %d: "
				"without the option there is no limit",
				option, text, PIDS_MAX);
	return 0;
}

int wish_cpus(const char *text, struct spec_wish *wish, struct err *e)
{
	char *end = NULL;
	double cpus = 0;

	if (!text)
		return 0;
	if (*text && text[strspn(text, "0123456789.")] == '\0')
		cpus = strtod(text, &end);
	if (!end || *end || cpus < CPUS_MIN || cpus > CPUS_MAX)
		return err_user(e, "--cpus: found \"%s\", want a number from 0.01 to %d, as 1.5",
				text, CPUS_MAX);
	wish->cpu_quota = (uint64_t)(cpus * SPEC_WISH_PERIOD + 0.5);
	return 0;
}

/* One word of --mount: a member of its own, or an option. */
static void take_word(struct spec_wish_mount *m, const char *word, struct buf *options)
{
	const struct {
		const char *prefix;
		const char **to;
	} members[] = {{"type=", &m->type},       {"source=", &m->source},
		       {"src=", &m->source},      {"destination=", &m->destination},
		       {"dst=", &m->destination}, {"target=", &m->destination}};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (str_starts(word, members[i].prefix)) {
			*members[i].to = word + strlen(members[i].prefix);
			return;
		}
	if (*word)
		buf_addf(options, "%s%s", options->len ? " " : "",
			 strcmp(word, "readonly") == 0 ? "ro" : word);
}

static bool has_word(const struct buf *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = words->data; at && *at; at += *at == ' ') {
		size_t n = strcspn(at, " ");

		if (n == len && memcmp(at, word, n) == 0)
			return true;
		at += n;
	}
	return false;
}

static int check_mount(const char *text, struct spec_wish_mount *m, struct buf *options,
		       struct err *e)
{
	bool binds = !m->type || strcmp(m->type, "bind") == 0 || strcmp(m->type, "none") == 0;

	if (strchr(text, ' '))
		return err_user(e, "--mount: \"%s\" has a blank: write this one into config.json",
				text);
	if (!m->destination || *m->destination != '/')
		return err_user(e, "--mount: \"%s\" needs destination=, an absolute path", text);
	if (binds && (!m->source || !*m->source))
		return err_user(e, "--mount: \"%s\" needs source=, or a type= such as tmpfs", text);
	if (binds && !has_word(options, "bind") && !has_word(options, "rbind"))
		buf_addf(options, "%srbind", options->len ? " " : "");
	if (!m->source)
		m->source = m->type;
	if (binds)
		m->type = NULL;
	return buf_check(options, e);
}

int wish_mount(const char *text, struct arena *arena, struct spec_wish_mount *ret, struct err *e)
{
	auto_buf struct buf options = BUF_INIT;
	struct spec_wish_mount m = {.type = NULL};
	char *words = arena_strdup(arena, text), *save = NULL;
	int r;

	for (char *word = words ? strtok_r(words, ",", &save) : NULL; word;
	     word = strtok_r(NULL, ",", &save))
		take_word(&m, word, &options);
	r = words ? check_mount(text, &m, &options, e) : 0;
	if (r < 0)
		return r;
	m.options = arena_strdup(arena, options.data ? options.data : "");
	if (!words || !m.options)
		return err_num(e, ENOMEM, "read --mount");
	*ret = m;
	return 0;
}
