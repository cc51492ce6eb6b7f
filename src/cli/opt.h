/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opt - options, read by tables.
 *
 * A table is an array of rows that ends with OPT_END. A row says what the option is called, what it
 * takes, and where in the target structure the value goes; help, completion and the man page's
 * test read the same rows. Rows hold their texts as arrays, so that a table needs no relocation.
 *
 * Spellings: --name VALUE, --name=VALUE, the same with one dash, -n VALUE, -n=VALUE, -nVALUE, and
 * several letters in one word. A flag may be given a truth value: --name=false. "--" ends the
 * options. What is given twice counts the last time.
 */
#ifndef TINYRUN_CLI_OPT_H
#define TINYRUN_CLI_OPT_H

#include "tinyrun/buf.h"
#include "tinyrun/err.h"

#include <stdbool.h>
#include <stddef.h>

enum opt_kind {
	OPT_KIND_FLAG,         /* bool */
	OPT_KIND_TEXT,         /* const char * */
	OPT_KIND_NUMBER,       /* unsigned, 0 to OPT_NUMBER_MAX */
	OPT_KIND_WORD,         /* unsigned: which of the words in .arg, "table|json" */
	OPT_KIND_FLAG_TEXT,    /* bool, and with =VALUE a const char * at .value_at */
	OPT_KIND_LIST,         /* struct opt_list; each use adds one */
	OPT_KIND_IGNORED_FLAG, /* for runc's and crun's callers: read, and nothing comes of it */
	OPT_KIND_IGNORED_TEXT,
};

#define OPT_NUMBER_MAX 1048576 /* the kernel's default bound for descriptors, fs.nr_open */
#define OPT_ROWS_MAX   48

/* The values of an option that may be given several times, in order; they are argv's. */
struct opt_list {
	const char **v;
	size_t n;
};

#define auto_opt_list __attribute__((cleanup(opt_list_done)))
void opt_list_done(struct opt_list *list);

struct opt {
	char name[20]; /* "" ends the table */
	char letter;   /* 0: none */
	unsigned char kind;
	unsigned short at, value_at; /* offsets in the target */
	char arg[32];                /* the value's name in help, or its words */
	char help[76];               /* "": not shown */
};

#define OPT_FLAG(name, letter, type, member, help)                               \
	{                                                                        \
		name, letter, OPT_KIND_FLAG, offsetof(type, member), 0, "", help \
	}
/* A second spelling, which help does not show. */
#define OPT_HIDDEN_FLAG(name, letter, type, member)                            \
	{                                                                      \
		name, letter, OPT_KIND_FLAG, offsetof(type, member), 0, "", "" \
	}
#define OPT_TEXT(name, letter, type, member, arg, help)                           \
	{                                                                         \
		name, letter, OPT_KIND_TEXT, offsetof(type, member), 0, arg, help \
	}
#define OPT_NUMBER(name, letter, type, member, arg, help)                           \
	{                                                                           \
		name, letter, OPT_KIND_NUMBER, offsetof(type, member), 0, arg, help \
	}
#define OPT_WORD(name, letter, type, member, words, help)                           \
	{                                                                           \
		name, letter, OPT_KIND_WORD, offsetof(type, member), 0, words, help \
	}
#define OPT_LIST(name, letter, type, member, arg, help)                           \
	{                                                                         \
		name, letter, OPT_KIND_LIST, offsetof(type, member), 0, arg, help \
	}
#define OPT_FLAG_TEXT(name, letter, type, member, text, arg, help)                              \
	{                                                                                       \
		name, letter, OPT_KIND_FLAG_TEXT, offsetof(type, member), offsetof(type, text), \
			arg, help                                                               \
	}
#define OPT_IGNORED_FLAG(name, letter)                                             \
	{                                                                          \
		name, letter, OPT_KIND_IGNORED_FLAG, 0, 0, "", "accepted, ignored" \
	}
#define OPT_IGNORED_TEXT(name, letter, arg)                                         \
	{                                                                           \
		name, letter, OPT_KIND_IGNORED_TEXT, 0, 0, arg, "accepted, ignored" \
	}
#define OPT_END                        \
	{                              \
		"", 0, 0, 0, 0, "", "" \
	}

enum opt_order {
	OPT_ANYWHERE, /* options may stand behind positional arguments */
	OPT_FIRST     /* the first positional argument ends the options */
};

/* --help or -h was met; nothing behind it was read. */
#define OPT_E_HELP 1

/*
 * Reads the options among @argv[0..@argc) into @target. The positional arguments are moved to the
 * front of @argv and *ret_argc is their number. Returns 0, OPT_E_HELP, or negative.
 */
int opt_parse(const struct opt *table, enum opt_order order, int argc, char **argv, void *target,
	      int *ret_argc, struct err *e);

/* One line of help a row, in columns. */
void opt_help(const struct opt *table, struct buf *out);

#endif
