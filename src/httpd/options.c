/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options - what the command line and the environment asked for.
 *
 * One table has every option, its argument, its help and where its value goes; getopt's own tables,
 * --help and the names in the environment are made from it. Addresses and ids are numbers: no
 * resolver, no passwd file, nothing below /etc.
 */
#include "httpd/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "tinyrun/str.h"

#define SECONDS_MAX     86400
#define CONNECTIONS_MAX 1000000

struct option_row {
	const char *name, *argument, *help;
	/* @field is what .offset names; NULL for what ends the program */
	int (*set)(const struct option_row *row, struct options *o, const char *value,
		   struct err *e);
	size_t offset;
	unsigned min, max; /* of a number */
	char letter;       /* 0: only the long form */
};

static void *field_of(const struct option_row *row, struct options *o)
{
	return (char *)o + row->offset;
}

static int set_number(const struct option_row *row, struct options *o, const char *value,
		      struct err *e)
{
	uint64_t n;

	if (str_to_u64(value, row->max, &n) < 0 || n < row->min)
		return err_user(e, "\"%s\" is not a number from %u to %u", value, row->min,
				row->max);
	*(unsigned *)field_of(row, o) = (unsigned)n;
	return 0;
}

static int set_flag(const struct option_row *row, struct options *o, const char *value,
		    struct err *e)
{
	if (value && strcmp(value, "1") != 0 && strcmp(value, "0") != 0)
		return err_user(e, "\"%s\" is neither 0 nor 1", value);
	*(bool *)field_of(row, o) = !value || value[0] == '1';
	return 0;
}

static int set_text(const struct option_row *row, struct options *o, const char *value,
		    struct err *e)
{
	if (!value[0])
		return err_user(e, "the value is empty");
	*(const char **)field_of(row, o) = value;
	return 0;
}

/* What becomes part of an answer's head. */
static int check_field(const char *s, struct err *e)
{
	if (!s[0] || strlen(s) > OPTIONS_FIELD_MAX)
		return err_user(e, "\"%s\" has not 1 to %d bytes", s, OPTIONS_FIELD_MAX);
	for (; *s; s++)
		if (*s < ' ' || *s > '~')
			return err_user(e, "a value has a byte that is not ASCII text");
	return 0;
}

static int set_words(const struct option_row *row, struct options *o, const char *value,
		     struct err *e)
{
	struct options_words *words = field_of(row, o);
	int r = check_field(value, e);

	if (r < 0)
		return r;
	if (words->n == row->max)
		return err_user(e, "more than %u of them", row->max);
	words->at[words->n++] = value;
	return 0;
}

static int set_index(const struct option_row *row, struct options *o, const char *value,
		     struct err *e)
{
	if (strchr(value, '/') || value[0] == '.')
		return err_user(e, "\"%s\" is not the name of a file", value);
	return set_words(row, o, value, e);
}

static int set_pair(const struct option_row *row, struct options *o, const char *value,
		    struct err *e)
{
	struct options_pairs *pairs = field_of(row, o);
	struct options_pair *pair = &pairs->at[pairs->n];
	const char *equals = strchr(value, '=');
	int r = check_field(value, e);

	if (r < 0)
		return r;
	if (!equals || equals == value || !equals[1])
		return err_user(e, "\"%s\" is not %s", value, row->argument);
	if (pairs->n == OPTIONS_LIST_MAX)
		return err_user(e, "more than %d of them", OPTIONS_LIST_MAX);
	pair->key = strndup(value, (size_t)(equals - value));
	if (!pair->key)
		return err_num(e, ENOMEM, "keep an option");
	pair->value = equals + 1;
	pairs->n++;
	return 0;
}

static int check_path(const char *path, struct err *e)
{
	return path[0] == '/' && path[1] ? 0
					 : err_user(e, "\"%s\" is not a path below the root", path);
}

static int set_error_page(const struct option_row *row, struct options *o, const char *value,
			  struct err *e)
{
	struct options_pairs *pairs = field_of(row, o);
	struct options_pair *pair;
	uint64_t status;
	int r = set_pair(row, o, value, e);

	if (r < 0)
		return r;
	pair = &pairs->at[pairs->n - 1];
	if (str_to_u64(pair->key, 599, &status) < 0 || status < 400)
		return err_user(e, "\"%s\" is not a status from 400 to 599", pair->key);
	pair->number = (int)status;
	return check_path(pair->value, e);
}

static int set_fallback(const struct option_row *row, struct options *o, const char *value,
			struct err *e)
{
	return check_path(value, e) < 0 ? -EINVAL : set_text(row, o, value, e);
}

static int set_listen(const struct option_row *row, struct options *o, const char *value,
		      struct err *e)
{
	(void)row;
	if (o->n_listen == OPTIONS_LISTEN_MAX)
		return err_user(e, "more than %d addresses", OPTIONS_LISTEN_MAX);
	return address_parse(value, &o->listen[o->n_listen++], e);
}

static int set_status(const struct option_row *row, struct options *o, const char *value,
		      struct err *e)
{
	return address_parse(value, field_of(row, o), e);
}

static int set_user(const struct option_row *row, struct options *o, const char *value,
		    struct err *e)
{
	const char *colon = strchr(value, ':');
	char uid[16];
	uint64_t u, g;

	(void)row;
	if (!colon || (size_t)(colon - value) >= sizeof(uid))
		return err_user(e, "\"%s\" is not UID:GID", value);
	memcpy(uid, value, (size_t)(colon - value));
	uid[colon - value] = 0;
	/* (uid_t)-1 means "leave it" to the kernel */
	if (str_to_u64(uid, UINT32_MAX - 1, &u) < 0 ||
	    str_to_u64(colon + 1, UINT32_MAX - 1, &g) < 0)
		return err_user(e, "\"%s\" is not UID:GID, two numbers", value);
	o->uid = (uid_t)u;
	o->gid = (gid_t)g;
	o->change_user = true;
	return 0;
}

static int set_log(const struct option_row *row, struct options *o, const char *value,
		   struct err *e)
{
	static const char *const names[] = {
		[LOG_OFF] = "off",
		[LOG_COMMON] = "common",
		[LOG_COMBINED] = "combined",
		[LOG_JSON] = "json",
	};

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(value, names[i]) != 0)
			continue;
		o->log = (enum log_format)i;
		return 0;
	}
	return err_user(e, "\"%s\" is not %s", value, row->argument);
}

#define AT(member)           .offset = offsetof(struct options, member)
#define NUMBER(member, a, b) .set = set_number, AT(member), .min = (a), .max = (b)

static const struct option_row rows[] = {
	{"root", "DIR", "serve DIR (default: public_html)", set_text, AT(root), .letter = 'r'},
	{"init", NULL, "make DIR with a first page when it is not there", set_flag, AT(init)},
	{"listen", "[ADDR:]PORT", "or unix:PATH; may be repeated (default: 8080)", set_listen,
	 AT(listen), .letter = 'l'},
	{"status", "[ADDR:]PORT", "serve /-/healthz and /-/metrics there", set_status, AT(status)},
	{"workers", "N", "event loops (default: one a CPU, at most 8)",
	 NUMBER(workers, 1, OPTIONS_WORKERS_MAX)},
	{"disk-threads", "N", "threads that wait for the disk (default: 4 to 8)",
	 NUMBER(disk_threads, 1, 64)},
	{"user", "UID:GID", "become this user once the ports are open", set_user, AT(uid)},
	{"no-sandbox", NULL, "do without Landlock and seccomp", set_flag, AT(no_sandbox)},
	{"log", "off|common|combined|json", "access log (default: off)", set_log, AT(log)},
	{"log-file", "PATH", "where the log goes (default: standard output)", set_text,
	 AT(log_file)},
	{"index", "NAME", "index file; may be repeated (default: index.html)", set_index, AT(index),
	 .max = FILE_INDEX_MAX},
	{"listing", NULL, "list directories that have no index file", set_flag, AT(listing)},
	{"precompressed", NULL, "serve NAME.br, NAME.zst, NAME.gz in place of NAME", set_flag,
	 AT(precompressed)},
	{"cache-control", "PATTERN=VALUE", "for paths that match; may be repeated", set_pair,
	 AT(cache_control)},
	{"cors", "ORIGIN", "let pages of ORIGIN, or * for all, read answers", set_words, AT(cors),
	 .max = OPTIONS_LIST_MAX},
	{"error-page", "STATUS=PATH", "what is sent with STATUS; may be repeated", set_error_page,
	 AT(error_pages)},
	{"fallback", "PATH", "serve PATH in place of what is not there", set_fallback,
	 AT(fallback)},
	{"mime-types", "FILE", "more media types (default: /etc/mime.types)", set_text,
	 AT(mime_types)},
	{"dotfiles", NULL, "serve names that begin with a dot as well", set_flag, AT(dotfiles)},
	{"no-symlinks", NULL, "follow no symbolic link", set_flag, AT(no_symlinks)},
	{"no-server", NULL, "send no Server field", set_flag, AT(no_server)},
	{"max-connections", "N", "at a time (default: by the open files limit)",
	 NUMBER(max_connections, 1, CONNECTIONS_MAX)},
	{"max-per-client", "N", "of them from one address (default: half of all)",
	 NUMBER(max_per_client, 1, CONNECTIONS_MAX)},
	{"max-requests", "N", "on one connection (default: no limit)",
	 NUMBER(max_requests, 1, UINT32_MAX)},
	{"max-head", "BYTES", "of a request (default: 16384)",
	 NUMBER(max_head, 64, PARSE_HEAD_MAX)},
	{"max-target", "BYTES", "of a request's URI (default: 8000)",
	 NUMBER(max_target, 1, PARSE_TARGET_MAX)},
	{"max-fields", "N", "in a request (default: 100)", NUMBER(max_fields, 1, 1000)},
	{"max-body", "BYTES", "of a request, to be thrown away (default: 65536)",
	 NUMBER(max_body, 0, 1 << 30)},
	{"cache-size", "MIB", "of small files in memory (default: 64)",
	 NUMBER(cache_mib, 0, 1 << 20)},
	{"header-timeout", "SECONDS", "to receive the head of a request (default: 10)",
	 NUMBER(header_timeout, 1, SECONDS_MAX)},
	{"body-timeout", "SECONDS", "to receive the body of a request (default: 10)",
	 NUMBER(body_timeout, 1, SECONDS_MAX)},
	{"idle-timeout", "SECONDS", "to wait for the next request (default: 15)",
	 NUMBER(idle_timeout, 1, SECONDS_MAX)},
	{"send-timeout", "SECONDS", "in which an answer has to move (default: 30)",
	 NUMBER(send_timeout, 1, SECONDS_MAX)},
	{"stop-timeout", "SECONDS", "for answers under way at the end (default: 10)",
	 NUMBER(stop_timeout, 1, SECONDS_MAX)},
	{"version", NULL, "print the version and exit", NULL, 0, .letter = 'V'},
	{"help", NULL, "print this help and exit", NULL, 0, .letter = 'h'},
};
#define ROWS (sizeof(rows) / sizeof(*rows))

static void print_help(void)
{
	printf("Usage: tinyhttpd [OPTIONS] [DIR]\n\nServe the files below DIR over HTTP.\n\n");
	for (size_t i = 0; i < ROWS; i++) {
		char left[48];

		snprintf(left, sizeof(left), "--%s%s%s", rows[i].name, rows[i].argument ? " " : "",
			 rows[i].argument ? rows[i].argument : "");
		printf("  %c%c%c %-31s %s\n", rows[i].letter ? '-' : ' ',
		       rows[i].letter ? rows[i].letter : ' ', rows[i].letter ? ',' : ' ', left,
		       rows[i].help);
	}
	printf("\nAn option that is not given is taken from the environment: TINYHTTPD_MAX_HEAD "
	       "for --max-head;\na flag is 1 or 0 there.\n");
}

/* getopt's tables: an option is its row's number, a letter is itself. */
static void make_tables(struct option longs[ROWS + 1], char shorts[2 * ROWS + 2])
{
	char *s = shorts;

	*s++ = ':';
	for (size_t i = 0; i < ROWS; i++) {
		longs[i] = (struct option){
			.name = rows[i].name,
			.has_arg = rows[i].argument ? required_argument : no_argument,
			.val = 256 + (int)i,
		};
		if (!rows[i].letter)
			continue;
		*s++ = rows[i].letter;
		if (rows[i].argument)
			*s++ = ':';
	}
	*s = 0;
	longs[ROWS] = (struct option){0};
}

static const struct option_row *row_of(int value)
{
	if (value >= 256)
		return &rows[value - 256];
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].letter == value)
			return &rows[i];
	return NULL;
}

static int answer(const struct option_row *row)
{
	if (row->letter == 'h')
		print_help();
	else
		printf("tinyhttpd %s (%s)\n", PACKAGE_VERSION, TINYRUN_COMMIT);
	return OPTIONS_DONE;
}

/* Options of the environment that the command line has not @given. */
static int take_environment(struct options *o, bool given[ROWS], struct err *e)
{
	for (size_t i = 0; i < ROWS; i++) {
		char name[48] = "TINYHTTPD_";
		const char *value;
		size_t n = strlen(name);

		for (const char *s = rows[i].name; *s; s++)
			name[n++] = *s == '-' ? '_' : (char)toupper((unsigned char)*s);
		name[n] = 0;
		value = getenv(name);
		if (!value || given[i] || !rows[i].set)
			continue;
		if (rows[i].set(&rows[i], o, value, e) < 0)
			return err_wrap(e, "%s", name);
		given[i] = true;
	}
	return 0;
}

static bool is_given(const bool given[ROWS], const char *name)
{
	for (size_t i = 0; i < ROWS; i++)
		if (strcmp(rows[i].name, name) == 0)
			return given[i];
	return false;
}

/* getopt stays at an argument of letters until it has taken all of them: it says which in optopt.
 */
static int refuse(const char *argument, struct err *e)
{
	if (optopt >= 256)
		return err_user(e, "--%s takes no value, see --help", rows[optopt - 256].name);
	if (optopt != 0)
		return err_user(e, "-%c is not an option, see --help", optopt);
	return err_user(e, "%s is not an option, see --help", argument);
}

static int take_arguments(int argc, char **argv, struct options *o, bool given[ROWS], struct err *e)
{
	struct option longs[ROWS + 1];
	char shorts[2 * ROWS + 2];
	int value;

	make_tables(longs, shorts);
	while ((value = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct option_row *row = row_of(value);

		if (value == ':')
			return err_user(e, "%s needs a value, see --help", argv[optind - 1]);
		if (value == '?' || !row)
			return refuse(argv[optind - 1], e);
		if (!row->set)
			return answer(row);
		if (row->set(row, o, optarg, e) < 0)
			return err_wrap(e, "--%s", row->name);
		given[row - rows] = true;
	}
	if (argc - optind > 1)
		return err_user(e, "%s is one argument too many, see --help", argv[optind + 1]);
	if (optind == argc)
		return OPTIONS_SERVE;
	given[0] = true;
	return set_text(&rows[0], o, argv[optind], e) < 0 ? err_wrap(e, "DIR") : OPTIONS_SERVE;
}

int options_parse(int argc, char **argv, struct options *ret, struct err *e)
{
	bool given[ROWS] = {false};
	int r;

	*ret = (struct options){
		.root = "public_html",
		.max_head = PARSE_HEAD_MAX,
		.max_target = PARSE_TARGET_MAX,
		.max_fields = PARSE_FIELDS_MAX,
		.max_body = PARSE_BODY_MAX,
		.cache_mib = 64,
		.header_timeout = 10,
		.body_timeout = 10,
		.idle_timeout = 15,
		.send_timeout = 30,
		.stop_timeout = 10,
	};
	r = take_arguments(argc, argv, ret, given, e);
	if (r == OPTIONS_SERVE)
		r = take_environment(ret, given, e);
	if (r == 0 && ret->index.n == 0)
		ret->index.at[ret->index.n++] = "index.html";
	if (r == 0 && ret->log_file && !is_given(given, "log"))
		ret->log = LOG_COMMON; /* who names a file wants one */
	return r;
}

void options_done(struct options *o)
{
	for (unsigned i = 0; i < o->cache_control.n; i++)
		free(o->cache_control.at[i].key);
	for (unsigned i = 0; i < o->error_pages.n; i++)
		free(o->error_pages.at[i].key);
	o->cache_control.n = o->error_pages.n = 0;
}
