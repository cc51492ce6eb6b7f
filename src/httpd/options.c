/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options - what the command line asked for.
 *
 * One table has every option, its argument and its help; getopt's own tables and --help are made
 * from it. Addresses and ids are numbers: no resolver, no passwd file, nothing below /etc.
 */
#include "httpd/options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "tinyrun/str.h"

#define SECONDS_MAX     86400
#define CONNECTIONS_MAX 1000000

struct option_row {
	const char *name, *argument, *help;
	int (*set)(struct options *o, const char *value, struct err *e);
	char letter; /* 0: only the long form */
};

static int set_number(const char *value, uint64_t min, uint64_t max, unsigned *ret, struct err *e)
{
	uint64_t n;

	if (str_to_u64(value, max, &n) < 0 || n < min)
		return err_user(e, "\"%s\" is not a number from %llu to %llu", value,
				(unsigned long long)min, (unsigned long long)max);
	*ret = (unsigned)n;
	return 0;
}

static int set_root(struct options *o, const char *value, struct err *e)
{
	if (!value[0])
		return err_user(e, "the directory has an empty name");
	o->root = value;
	return 0;
}

static int set_listen(struct options *o, const char *value, struct err *e)
{
	if (o->n_listen == OPTIONS_LISTEN_MAX)
		return err_user(e, "more than %d addresses", OPTIONS_LISTEN_MAX);
	return options_parse_listen(value, &o->listen[o->n_listen++], e);
}

static int set_workers(struct options *o, const char *value, struct err *e)
{
	return set_number(value, 1, OPTIONS_WORKERS_MAX, &o->workers, e);
}

static int set_user(struct options *o, const char *value, struct err *e)
{
	const char *colon = strchr(value, ':');
	char uid[16];
	uint64_t u, g;

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

static int set_log(struct options *o, const char *value, struct err *e)
{
	o->log = strcmp(value, "common") == 0;
	if (!o->log && strcmp(value, "off") != 0)
		return err_user(e, "\"%s\" is neither off nor common", value);
	return 0;
}

static int set_max_connections(struct options *o, const char *value, struct err *e)
{
	return set_number(value, 1, CONNECTIONS_MAX, &o->max_connections, e);
}

static int set_header_timeout(struct options *o, const char *value, struct err *e)
{
	return set_number(value, 1, SECONDS_MAX, &o->header_timeout, e);
}

static int set_idle_timeout(struct options *o, const char *value, struct err *e)
{
	return set_number(value, 1, SECONDS_MAX, &o->idle_timeout, e);
}

static int set_send_timeout(struct options *o, const char *value, struct err *e)
{
	return set_number(value, 1, SECONDS_MAX, &o->send_timeout, e);
}

static const struct option_row rows[] = {
	{"root", "DIR", "serve DIR (default: the current directory)", set_root, 'r'},
	{"listen", "[ADDR:]PORT", "listen there; may be repeated (default: 8080)", set_listen, 'l'},
	{"workers", "N", "event loops (default: one a CPU, at most 8)", set_workers, 0},
	{"user", "UID:GID", "become this user once the ports are open", set_user, 0},
	{"log", "off|common", "access log on standard output (default: off)", set_log, 0},
	{"max-connections", "N", "connections at a time (default: by the open files limit)",
	 set_max_connections, 0},
	{"header-timeout", "SECONDS", "to receive the head of a request (default: 10)",
	 set_header_timeout, 0},
	{"idle-timeout", "SECONDS", "to wait for the next request (default: 15)", set_idle_timeout,
	 0},
	{"send-timeout", "SECONDS", "in which an answer has to move (default: 30)",
	 set_send_timeout, 0},
	{"version", NULL, "print the version and exit", NULL, 'V'},
	{"help", NULL, "print this help and exit", NULL, 'h'},
};
#define ROWS (sizeof(rows) / sizeof(*rows))

static void print_help(void)
{
	printf("Usage: tinyhttpd [OPTIONS] [DIR]\n\nServe the files below DIR over HTTP.\n\n");
	for (size_t i = 0; i < ROWS; i++) {
		char left[48];

		snprintf(left, sizeof(left), "--%s%s%s", rows[i].name, rows[i].argument ? " " : "",
			 rows[i].argument ? rows[i].argument : "");
		printf("  %c%c%c %-28s %s\n", rows[i].letter ? '-' : ' ',
		       rows[i].letter ? rows[i].letter : ' ', rows[i].letter ? ',' : ' ', left,
		       rows[i].help);
	}
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

static int parse_address(const char *addr, bool brackets, in_port_t port, struct sockaddr_in6 *ret)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = port};

	memset(ret, 0, sizeof(*ret));
	if (brackets) {
		ret->sin6_family = AF_INET6;
		ret->sin6_port = port;
		return inet_pton(AF_INET6, addr, &ret->sin6_addr) == 1 ? 0 : -EINVAL;
	}
	if (inet_pton(AF_INET, addr, &v4.sin_addr) != 1)
		return -EINVAL;
	memcpy(ret, &v4, sizeof(v4));
	return 0;
}

int options_parse_listen(const char *s, struct sockaddr_in6 *ret, struct err *e)
{
	const char *colon = strrchr(s, ':');
	char addr[INET6_ADDRSTRLEN + 2] = "[::]";
	size_t len = colon ? (size_t)(colon - s) : 0;
	uint64_t port;
	bool brackets;

	if (str_to_u64(colon ? colon + 1 : s, UINT16_MAX, &port) < 0 || len >= sizeof(addr))
		return err_user(e, "\"%s\" is not [ADDR:]PORT", s);
	if (colon) {
		memcpy(addr, s, len);
		addr[len] = 0;
	}
	len = strlen(addr);
	brackets = len > 2 && addr[0] == '[' && addr[len - 1] == ']';
	if (brackets)
		addr[len - 1] = 0;
	if (parse_address(addr + brackets, brackets, htons((uint16_t)port), ret) < 0)
		return err_user(
			e, "\"%s\" is not [ADDR:]PORT: the address is IPv4, or IPv6 in brackets",
			s);
	return 0;
}

static int answer(const struct option_row *row)
{
	if (row->letter == 'h')
		print_help();
	else
		printf("tinyhttpd %s (%s)\n", PACKAGE_VERSION, TINYRUN_COMMIT);
	return OPTIONS_DONE;
}

int options_parse(int argc, char **argv, struct options *ret, struct err *e)
{
	struct option longs[ROWS + 1];
	char shorts[2 * ROWS + 2];
	int value;

	*ret = (struct options){
		.root = ".",
		.header_timeout = 10,
		.idle_timeout = 15,
		.send_timeout = 30,
	};
	make_tables(longs, shorts);
	while ((value = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct option_row *row = row_of(value);

		if (value == ':')
			return err_user(e, "%s needs a value, see --help", argv[optind - 1]);
		if (value == '?' || !row)
			return err_user(e, "%s is not an option, see --help", argv[optind - 1]);
		if (!row->set)
			return answer(row);
		if (row->set(ret, optarg, e) < 0)
			return err_wrap(e, "--%s", row->name);
	}
	if (argc - optind > 1)
		return err_user(e, "%s is one argument too many, see --help", argv[optind + 1]);
	return optind < argc ? set_root(ret, argv[optind], e) : OPTIONS_SERVE;
}
