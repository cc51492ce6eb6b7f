/* SPDX-License-Identifier: Apache-2.0 */
/* events - prints what a container uses, once or until it ends, and when it runs out of memory. */
#include "cli/cli.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct events_args {
	bool stats;
	const char *interval;
};

static const struct opt events_opts[] = {
	OPT_FLAG("stats", 0, struct events_args, stats, "print once, and end"),
	OPT_TEXT("interval", 0, struct events_args, interval, "DURATION",
		 "time between two reports, as 100ms or 1m30s (default: 5s)"),
	OPT_END};

/* Milliseconds that one of Go's units is; 0 for none. */
static double unit_ms(const char *unit, size_t len)
{
	static const struct {
		const char *name;
		double ms;
	} units[] = {{"ns", 1e-6}, {"us", 1e-3}, {"\xc2\xb5s", 1e-3}, {"\xce\xbcs", 1e-3},
		     {"ms", 1},    {"s", 1e3},   {"m", 6e4},          {"h", 3.6e6}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strlen(units[i].name) == len && memcmp(units[i].name, unit, len) == 0)
			return units[i].ms;
	return 0;
}

/* A duration as Go writes it: numbers with units, one behind the other. At least 1 ms. */
static int read_duration(const char *text, int *ret_ms, struct err *e)
{
	double total = 0;
	const char *at = text;

	while (*at && strchr("0123456789.", *at)) {
		size_t n = strspn(at, "0123456789."), unit = strcspn(at + n, "0123456789.");
		double ms = unit_ms(at + n, unit);
		char *end;
		double value = strtod(at, &end);

		if (ms <= 0 || end != at + n)
			break;
		total += value * ms;
		at += n + unit;
	}
	if (*at || total <= 0 || total > INT_MAX)
		return err_user(e,
				"--interval: found \"%s\", want a duration above 0, as 5s or "
				"100ms",
				text);
	*ret_ms = total < 1 ? 1 : (int)total;
	return 0;
}

static int print(void *arg, const struct buf *line, struct err *e)
{
	(void)arg;
	return cli_output(line, e);
}

static int events_run(struct cli *cli, struct err *e)
{
	struct events_args args = {.interval = "5s"};
	auto_runtime struct runtime rt = RUNTIME_INIT;
	int ms = 0;
	int r = cli_open_existing(cli, &args, &rt, e);

	if (r == 0)
		r = read_duration(args.interval, &ms, e);
	return r ? r : container_events(&rt, cli->id, args.stats ? 0 : ms, print, NULL, e);
}

const struct verb verb_events = {
	.name = "events",
	.args = "ID",
	.help = "print what a container uses, again and again",
	.opts = events_opts,
	.min = 1,
	.max = 1,
	.first_is_id = true,
	.run = events_run,
};
