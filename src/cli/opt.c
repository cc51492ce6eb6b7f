/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opt - see opt.h. One word of the command line at a time: split_word() finds the name and the
 * value in it, find_row() the row, set_row() puts the value where the row says.
 */
#include "cli/opt.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tinyrun/str.h"

#define HELP_COLUMN 28

struct cursor {
	const struct opt *table;
	void *target;
	int argc, next; /* @next: the word to be read */
	char **argv;
};

static const struct opt help_row = {"help", 'h', OPT_KIND_FLAG, 0, 0, "", "print this and exit"};

static bool takes_value(const struct opt *row)
{
	return row->kind == OPT_KIND_TEXT || row->kind == OPT_KIND_NUMBER ||
	       row->kind == OPT_KIND_WORD || row->kind == OPT_KIND_LIST ||
	       row->kind == OPT_KIND_IGNORED_TEXT;
}

/* crun knows --usage and -? as well. */
static const struct opt *find_help(const char *name, size_t len)
{
	bool is_asked = (len == 4 && memcmp(name, "help", len) == 0) ||
			(len == 5 && memcmp(name, "usage", len) == 0);

	return is_asked ? &help_row : NULL;
}

static const struct opt *find_name(const struct opt *table, const char *name, size_t len)
{
	for (const struct opt *row = table; row->name[0]; row++) {
		if (strlen(row->name) == len && memcmp(row->name, name, len) == 0)
			return row;
	}
	return find_help(name, len);
}

static const struct opt *find_letter(const struct opt *table, char letter)
{
	for (const struct opt *row = table; row->name[0]; row++) {
		if (row->letter == letter)
			return row;
	}
	return letter == 'h' || letter == '?' ? &help_row : NULL;
}

static int refuse_unknown(const struct opt *table, const char *word, struct err *e)
{
	const char *names[OPT_ROWS_MAX + 2];
	const char *name = word + strspn(word, "-");
	const char *near;
	char bare[sizeof(table->name)];
	size_t n = 0;

	for (const struct opt *row = table; row->name[0] && n < OPT_ROWS_MAX; row++)
		names[n++] = row->name;
	names[n++] = help_row.name;
	names[n] = NULL;
	(void)snprintf(bare, sizeof(bare), "%.*s", (int)strcspn(name, "="), name);
	near = bare[0] && bare[1] ? str_nearest(bare, names) : NULL;
	if (near)
		return err_user(e, "unknown flag %s (did you mean --%s?)", word, near);
	return err_user(e, "unknown flag %s (--help lists them)", word);
}

/* The words that Go's strconv.ParseBool knows, which runc's callers may send. */
static int read_truth(const char *text, bool *ret)
{
	static const char yes[][5] = {"true", "1", "t", "T", "TRUE", "True"};
	static const char no[][6] = {"false", "0", "f", "F", "FALSE", "False"};

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (strcmp(text, yes[i]) == 0) {
			*ret = true;
			return 0;
		}
	}
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		if (strcmp(text, no[i]) == 0) {
			*ret = false;
			return 0;
		}
	}
	return -1;
}

/* Which of "table|json" @text is, or -1. */
static int find_word(const char *words, const char *text)
{
	size_t len = strlen(text);

	for (int i = 0; len; i++) {
		size_t word_len = strcspn(words, "|");

		if (word_len == len && memcmp(words, text, len) == 0)
			return i;
		if (words[word_len] == '\0')
			break;
		words += word_len + 1;
	}
	return -1;
}

static int set_flag(const struct opt *row, bool *flag, const char *text, struct err *e)
{
	if (!text)
		*flag = true;
	else if (read_truth(text, flag) < 0)
		return err_user(e, "--%s: \"%s\" is neither true nor false", row->name, text);
	return 0;
}

void opt_list_done(struct opt_list *list)
{
	free(list->v);
	*list = (struct opt_list){.v = NULL};
}

static int add_to_list(struct opt_list *list, const char *text, struct err *e)
{
	const char **v = reallocarray(list->v, list->n + 1, sizeof(*v));

	if (!v)
		return err_num(e, ENOMEM, "read the command line");
	list->v = v;
	v[list->n++] = text;
	return 0;
}

/* @text is NULL where none was given, which only flags can be. */
static int set_row(const struct opt *row, void *target, const char *text, struct err *e)
{
	char *at = (char *)target + row->at;
	uint64_t number = 0;
	bool ignored;
	int word;

	switch ((enum opt_kind)row->kind) {
	case OPT_KIND_FLAG:
		return set_flag(row, (bool *)(void *)at, text, e);
	case OPT_KIND_IGNORED_FLAG:
		return set_flag(row, &ignored, text, e);
	case OPT_KIND_TEXT:
		*(const char **)(void *)at = text;
		break;
	case OPT_KIND_NUMBER:
		if (str_to_u64(text, OPT_NUMBER_MAX, &number) < 0)
			return err_user(e, "--%s: \"%s\" is not a number from 0 to %d", row->name,
					text, OPT_NUMBER_MAX);
		*(unsigned *)(void *)at = (unsigned)number;
		break;
	case OPT_KIND_WORD:
		word = find_word(row->arg, text);
		if (word < 0)
			return err_user(e, "--%s: \"%s\" is not one of %s", row->name, text,
					row->arg);
		*(unsigned *)(void *)at = (unsigned)word;
		break;
	case OPT_KIND_FLAG_TEXT:
		*(bool *)(void *)at = true;
		*(const char **)(void *)((char *)target + row->value_at) = text;
		break;
	case OPT_KIND_LIST:
		return add_to_list((struct opt_list *)(void *)at, text, e);
	case OPT_KIND_IGNORED_TEXT:
		break;
	}
	return 0;
}

/* The row's value: what stood behind '=' (@text), or the next word when the row takes one. */
static int take(struct cursor *c, const struct opt *row, const char *text, struct err *e)
{
	if (row == &help_row)
		return OPT_E_HELP;
	if (!text && takes_value(row)) {
		if (c->next >= c->argc)
			return err_user(e, "flag needs an argument: --%s", row->name);
		text = c->argv[c->next++];
	}
	return set_row(row, c->target, text, e);
}

/* -b, -bDIR, -b=DIR, -qf json: letters until one takes the rest as its value. */
static int read_letters(struct cursor *c, const char *word, struct err *e)
{
	for (const char *p = word + 1; *p; p++) {
		const struct opt *row = find_letter(c->table, *p);
		const char *rest = p + 1;
		bool ends = rest[0] == '=' || (row && takes_value(row));
		int r;

		if (!row)
			return refuse_unknown(c->table, word, e);
		if (rest[0] == '=')
			rest++;
		else if (rest[0] == '\0' || !ends)
			rest = NULL;
		r = take(c, row, rest, e);
		if (r || ends)
			return r;
	}
	return 0;
}

static int read_word(struct cursor *c, const char *word, struct err *e)
{
	const char *name = word + (word[1] == '-' ? 2 : 1);
	size_t len = strcspn(name, "=");
	const struct opt *row = find_name(c->table, name, len);

	if (!row && word[1] == '-' && len == 1)
		row = find_letter(c->table, name[0]);
	if (row)
		return take(c, row, name[len] == '=' ? name + len + 1 : NULL, e);
	if (word[1] == '-')
		return refuse_unknown(c->table, word, e);
	return read_letters(c, word, e);
}

int opt_parse(const struct opt *table, enum opt_order order, int argc, char **argv, void *target,
	      int *ret_argc, struct err *e)
{
	struct cursor c = {.table = table, .target = target, .argc = argc, .argv = argv};
	int n = 0;

	while (c.next < argc) {
		char *word = argv[c.next++];

		if (word[0] == '-' && word[1] != '\0') {
			int r;

			if (strcmp(word, "--") == 0)
				break;
			r = read_word(&c, word, e);
			if (r)
				return r;
			continue;
		}
		argv[n++] = word;
		if (order == OPT_FIRST)
			break;
	}
	while (c.next < argc)
		argv[n++] = argv[c.next++];
	*ret_argc = n;
	return 0;
}

static void help_one(const struct opt *row, struct buf *out)
{
	char left[80];
	char shown[4] = "";
	const char *value = row->arg;

	if (row->letter)
		(void)snprintf(shown, sizeof(shown), "-%c,", row->letter);
	if (row->kind == OPT_KIND_FLAG_TEXT)
		(void)snprintf(left, sizeof(left), "%3s --%s[=%s]", shown, row->name, value);
	else
		(void)snprintf(left, sizeof(left), "%3s --%s%s%s", shown, row->name,
			       value[0] ? " " : "", value);
	/* What is too long for its column has the help on the next line. */
	if (strlen(left) > HELP_COLUMN)
		buf_addf(out, "  %s\n  %*s %s\n", left, HELP_COLUMN, "", row->help);
	else
		buf_addf(out, "  %-*s %s\n", HELP_COLUMN, left, row->help);
}

void opt_help(const struct opt *table, struct buf *out)
{
	for (const struct opt *row = table; row->name[0]; row++) {
		if (row->help[0])
			help_one(row, out);
	}
	help_one(&help_row, out);
}
