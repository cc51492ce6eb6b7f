/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-man - the man page and the completions say what the tables say: every verb, and of every
 * verb every option and no other.
 *
 * From each text the part about one verb is cut out; in it each option begins with the same mark.
 */
#include "cli/cli.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyz0123456789-"

static char text[65536];

static void load(const char *file)
{
	const char *srcdir = getenv("srcdir");
	char path[512];
	FILE *f;
	size_t n;

	(void)snprintf(path, sizeof(path), "%s/%s", srcdir ? srcdir : ".", file);
	f = fopen(path, "r");
	if (!f) {
		print_message("skip: %s is not here; srcdir says where the sources are\n", path);
		skip();
		return;
	}
	n = fread(text, 1, sizeof(text) - 1, f);
	(void)fclose(f);
	assert_true(n > 0 && n < sizeof(text) - 1);
	text[n] = '\0';
}

/* All lines of @from up to @to that contain @part. */
static void lines_with(const char *from, const char *to, const char *part, struct buf *out)
{
	while (from < to) {
		size_t len = strcspn(from, "\n");
		const char *hit = strstr(from, part);

		if (hit && hit < from + len)
			buf_add(out, from, len + 1);
		from += len + (from[len] ? 1 : 0);
	}
}

/* The text behind @start up to @end; the test fails where there is none. */
static void between(const char *start, const char *end, const char **ret_from, const char **ret_to)
{
	const char *at = strstr(text, start);

	if (!at)
		fail_msg("there is no \"%s\"", start);
	*ret_from = at + strlen(start);
	*ret_to = strstr(*ret_from, end);
	if (!*ret_to)
		*ret_to = *ret_from + strlen(*ret_from);
}

static const struct opt *find(const struct opt *table, const char *name, size_t len)
{
	for (const struct opt *row = table; row->name[0]; row++) {
		if (strlen(row->name) == len && memcmp(row->name, name, len) == 0)
			return row;
	}
	return NULL;
}

/* In @part every name behind @mark is in the table, and every row's name is behind a @mark. */
static void compare(const char *verb, const char *part, const char *mark, const struct opt *table)
{
	bool seen[OPT_ROWS_MAX] = {false};

	for (const char *at = part; (at = strstr(at, mark)) != NULL;) {
		const struct opt *row;
		size_t len;

		at += strlen(mark);
		len = strspn(at, NAME_CHARS);
		row = find(table, at, len);
		if (row)
			seen[row - table] = true;
		else if (len != 4 || memcmp(at, "help", 4) != 0)
			fail_msg("%s: --%.*s is not an option", verb, (int)len, at);
	}
	for (size_t i = 0; table[i].name[0]; i++) {
		if (table[i].help[0] && !seen[i])
			fail_msg("%s: --%s is missing", verb, table[i].name);
	}
}

static void test_the_man_page_has_every_verb_and_option(void **state)
{
	(void)state;
	const char *from, *to;

	load("man/tinyrun.8");
	for (const struct verb *const *verb = cli_verbs;; verb++) {
		auto_buf struct buf part = BUF_INIT;
		char head[64];

		(void)snprintf(head, sizeof(head), ".Ss %s\n",
			       *verb ? (*verb)->name : "Global options");
		between(head, "\n.S", &from, &to);
		lines_with(from, to, ".It ", &part);
		compare(head, part.data ? part.data : "", " -",
			*verb ? (*verb)->opts : cli_global_opts);
		if (!*verb)
			break;
	}
}

static void test_completion_for_bash_has_every_verb_and_option(void **state)
{
	(void)state;
	const char *from, *to;

	load("completions/tinyrun.bash");
	for (const struct verb *const *verb = cli_verbs;; verb++) {
		auto_buf struct buf part = BUF_INIT;
		char head[64];

		(void)snprintf(head, sizeof(head), "\t%s) echo ", *verb ? (*verb)->name : "''");
		between(head, "\n", &from, &to);
		buf_add(&part, from, (size_t)(to - from));
		compare(head, part.data, "--", *verb ? (*verb)->opts : cli_global_opts);
		if (!*verb)
			break;
	}
	between("local verbs='", "'", &from, &to);
	for (const struct verb *const *verb = cli_verbs; *verb; verb++) {
		const char *hit = strstr(from, (*verb)->name);

		assert_true(hit && hit < to);
	}
}

/* What a verb's line has by the name of an array is in that array. */
static void add_array(const char *line, const char *name, struct buf *out)
{
	const char *from, *to;
	char word[32];

	(void)snprintf(word, sizeof(word), "$%s ", name);
	if (!strstr(line, word))
		return;
	(void)snprintf(word, sizeof(word), "\t%s=(\n", name);
	between(word, "\n\t)", &from, &to);
	buf_add(out, from, (size_t)(to - from));
}

static void test_completion_for_zsh_has_every_verb_and_option(void **state)
{
	(void)state;
	const char *from, *to;

	load("completions/_tinyrun");
	for (const struct verb *const *verb = cli_verbs; *verb; verb++) {
		auto_buf struct buf part = BUF_INIT;
		char head[64];

		(void)snprintf(head, sizeof(head), "'%s:", (*verb)->name);
		between(head, "\n", &from, &to);
		(void)snprintf(head, sizeof(head), "\t(%s) ", (*verb)->name);
		between(head, "\n", &from, &to);
		buf_add(&part, from, (size_t)(to - from));
		add_array(part.data, "bundle", &part);
		add_array(part.data, "caller", &part);
		add_array(part.data, "network", &part);
		compare(head, part.data, "--", (*verb)->opts);
	}
	between("_arguments -C $help \\\n", "'1: :", &from, &to);
	auto_buf struct buf part = BUF_INIT;
	buf_add(&part, from, (size_t)(to - from));
	compare("global options", part.data, "--", cli_global_opts);
}

static void test_completion_for_fish_has_every_verb_and_option(void **state)
{
	(void)state;
	load("completions/tinyrun.fish");
	for (const struct verb *const *verb = cli_verbs;; verb++) {
		auto_buf struct buf part = BUF_INIT;
		char head[64] = "-n $nothing";

		if (*verb) {
			const char *from, *to;

			(void)snprintf(head, sizeof(head), "-a %s -d", (*verb)->name);
			between(head, "\n", &from, &to);
			(void)snprintf(head, sizeof(head), "-n '__fish_seen_subcommand_from %s'",
				       (*verb)->name);
		}
		lines_with(text, text + strlen(text), head, &part);
		compare(head, part.data ? part.data : "", " -l ",
			*verb ? (*verb)->opts : cli_global_opts);
		if (!*verb)
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_man_page_has_every_verb_and_option),
		cmocka_unit_test(test_completion_for_bash_has_every_verb_and_option),
		cmocka_unit_test(test_completion_for_zsh_has_every_verb_and_option),
		cmocka_unit_test(test_completion_for_fish_has_every_verb_and_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
