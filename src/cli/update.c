/* SPDX-License-Identifier: Apache-2.0 */
/*
 * update - changes the limits of a container: by a JSON object, or by options.
 *
 * An option that is empty or 0 says nothing, as engines emit it for what they do not set. With
 * --resources the other options are not looked at, as in runc, but for those of resctrl, which
 * linux.resources has nothing for.
 */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tinyrun/fd.h"
#include "tinyrun/json.h"
#include "tinyrun/path.h"
#include "tinyrun/spec.h"
#include "tinyrun/str.h"

struct update_args {
	const char *resources;
	const char *memory, *reservation, *swap;
	const char *shares, *quota, *period, *burst, *idle, *cpus, *mems;
	const char *pids;
	const char *blkio, *rt_period, *rt_runtime, *l3, *mem_bw;
};

#define UPDATE_TEXT(name, letter, member, arg, help) \
	OPT_TEXT(name, letter, struct update_args, member, arg, help)

static const struct opt update_opts[] = {
	UPDATE_TEXT("resources", 'r', resources, "FILE|-",
		    "the limits as linux.resources of config.json; -: standard input"),
	UPDATE_TEXT("memory", 0, memory, "BYTES", "memory; 512m is 512 MiB, -1 no limit"),
	UPDATE_TEXT("memory-reservation", 0, reservation, "BYTES",
		    "memory that is kept from being reclaimed"),
	UPDATE_TEXT("memory-swap", 0, swap, "BYTES", "memory and swap together"),
	UPDATE_TEXT("cpu-share", 0, shares, "N", "weight among others, 2 to 262144"),
	UPDATE_TEXT("cpu-quota", 0, quota, "US", "microseconds in each period; -1 no limit"),
	UPDATE_TEXT("cpu-period", 0, period, "US", "length of a period in microseconds"),
	UPDATE_TEXT("cpu-burst", 0, burst, "US", "microseconds that may be saved up"),
	UPDATE_TEXT("cpu-idle", 0, idle, "0|1", "1: only what nobody else wants"),
	UPDATE_TEXT("cpuset-cpus", 0, cpus, "LIST", "processors, as 0-3,7"),
	UPDATE_TEXT("cpuset-mems", 0, mems, "LIST", "memory nodes, as 0-1"),
	UPDATE_TEXT("pids-limit", 0, pids, "N", "number of processes; -1 no limit"),
	UPDATE_TEXT("blkio-weight", 0, blkio, "N", "share of block devices, 10 to 1000"),
	UPDATE_TEXT("cpu-rt-period", 0, rt_period, "US", "cgroup v2 has no such thing"),
	UPDATE_TEXT("cpu-rt-runtime", 0, rt_runtime, "US", "cgroup v2 has no such thing"),
	UPDATE_TEXT("l3-cache-schema", 0, l3, "TEXT", "share of the cache, as L3:0=ff;1=f"),
	UPDATE_TEXT("mem-bw-schema", 0, mem_bw, "TEXT", "share of memory bandwidth, as MB:0=50"),
	OPT_IGNORED_TEXT("kernel-memory", 0, "BYTES"),
	OPT_IGNORED_TEXT("kernel-memory-tcp", 0, "BYTES"),
	OPT_END};

/* --- values --- */

static bool says_nothing(const char *text)
{
	return !text || !*text || strcmp(text, "0") == 0;
}

enum value_kind {
	VALUE_SIZE,   /* struct opt_i64: bytes, or -1 */
	VALUE_SIGNED, /* struct opt_i64: a number, or -1 */
	VALUE_NUMBER, /* struct opt_u64 */
	VALUE_WEIGHT, /* struct opt_u64: the range is that of blockIO.weight in linux.resources */
	VALUE_IDLE,   /* struct opt_i64: 0 or 1, and here 0 is a setting */
};

static const char *const wanted[] = {
	[VALUE_SIZE] = "bytes, as 1048576 or 512m, or -1",
	[VALUE_SIGNED] = "a number, or -1 for no limit",
	[VALUE_NUMBER] = "a number",
	[VALUE_WEIGHT] = "a number from 10 to 1000",
	[VALUE_IDLE] = "0 or 1",
};

static int read_unsigned(enum value_kind kind, const char *text, struct opt_u64 *ret)
{
	uint64_t least = kind == VALUE_WEIGHT ? 10 : 0;
	uint64_t most = kind == VALUE_WEIGHT ? 1000 : INT64_MAX;

	ret->set = true;
	return str_to_u64(text, most, &ret->value) < 0 || ret->value < least ? -1 : 0;
}

static int read_signed(enum value_kind kind, const char *text, struct opt_i64 *ret)
{
	bool idle = kind == VALUE_IDLE;
	uint64_t size = 0;

	ret->set = true;
	if (kind != VALUE_SIZE || strcmp(text, "-1") == 0)
		return str_to_i64(text, idle ? 0 : -1, idle ? 1 : INT64_MAX, &ret->value);
	if (str_to_size(text, INT64_MAX, &size) < 0)
		return -1;
	ret->value = (int64_t)size;
	return 0;
}

static int take_value(const char *name, const char *text, enum value_kind kind, void *ret,
		      struct err *e)
{
	bool is_unsigned = kind == VALUE_NUMBER || kind == VALUE_WEIGHT;
	int r;

	if (kind == VALUE_IDLE ? !text || !*text : says_nothing(text))
		return 0;
	r = is_unsigned ? read_unsigned(kind, text, ret) : read_signed(kind, text, ret);
	return r < 0 ? err_user(e, "--%s: found \"%s\", want %s", name, text, wanted[kind]) : 0;
}

/* A line of resctrl's schemata; *ret stays NULL when it says nothing. */
static int take_line(const char *name, const char *text, const char *resource, const char **ret,
		     struct err *e)
{
	if (says_nothing(text))
		return 0;
	if (!str_starts(text, resource) || !strchr(text, ':') || strchr(text, '\n'))
		return err_user(e, "--%s: found \"%s\", want one line of schemata, as %s:0=...",
				name, text, resource);
	*ret = text;
	return 0;
}

static int refuse_realtime(const struct update_args *args, struct err *e)
{
	if (says_nothing(args->rt_period) && says_nothing(args->rt_runtime))
		return 0;
	return err_user(e,
			"--cpu-rt-%s: cgroup v2 gives realtime processes no share of their own: "
			"leave it out, or use --cpu-quota",
			says_nothing(args->rt_period) ? "runtime" : "period");
}

static int limits_of(const struct update_args *args, struct limits *ret, struct err *e)
{
	const struct {
		const char *name, *text;
		enum value_kind kind;
		void *to;
	} values[] = {
		{"memory", args->memory, VALUE_SIZE, &ret->memory_limit},
		{"memory-reservation", args->reservation, VALUE_SIZE, &ret->memory_reservation},
		{"memory-swap", args->swap, VALUE_SIZE, &ret->memory_swap},
		{"cpu-share", args->shares, VALUE_NUMBER, &ret->cpu_shares},
		{"cpu-quota", args->quota, VALUE_SIGNED, &ret->cpu_quota},
		{"cpu-period", args->period, VALUE_NUMBER, &ret->cpu_period},
		{"cpu-burst", args->burst, VALUE_NUMBER, &ret->cpu_burst},
		{"cpu-idle", args->idle, VALUE_IDLE, &ret->cpu_idle},
		{"pids-limit", args->pids, VALUE_SIGNED, &ret->pids_limit},
		{"blkio-weight", args->blkio, VALUE_WEIGHT, &ret->io_weight},
	};
	int r = refuse_realtime(args, e);

	for (size_t i = 0; r == 0 && i < sizeof(values) / sizeof(values[0]); i++)
		r = take_value(values[i].name, values[i].text, values[i].kind, values[i].to, e);
	ret->cpuset_cpus = args->cpus && *args->cpus ? args->cpus : NULL;
	ret->cpuset_mems = args->mems && *args->mems ? args->mems : NULL;
	return r;
}

/* --- the verb --- */

static int load_resources(const char *file, struct spec **ret, struct err *e)
{
	bool is_stdin = strcmp(file, "-") == 0;
	auto_free char *text = NULL;
	auto_fd int fd = -1;
	size_t len;
	int r = is_stdin ? 0 : path_open(AT_FDCWD, file, O_RDONLY, &fd, e);

	if (r == 0)
		r = fd_read_all(is_stdin ? STDIN_FILENO : fd, JSON_MAX_SIZE, file, &text, &len, e);
	if (r == 0)
		r = spec_parse_resources(text, len, is_stdin ? "standard input" : file, NULL, ret,
					 e);
	return r < 0 ? err_wrap(e, "--resources") : 0;
}

static int update_run(struct cli *cli, struct err *e)
{
	struct update_args args = {.resources = NULL};
	auto_runtime struct runtime rt = RUNTIME_INIT;
	auto_spec struct spec *spec = NULL;
	struct limits limits = {.cpuset_cpus = NULL};
	struct container_update update = {.limits = &limits};
	int r = cli_open_existing(cli, &args, &rt, e);

	if (r == 0 && args.resources && *args.resources)
		r = load_resources(args.resources, &spec, e);
	else if (r == 0)
		r = limits_of(&args, &limits, e);
	if (r == 0)
		r = take_line("l3-cache-schema", args.l3, "L3", &update.l3_cache, e);
	if (r == 0)
		r = take_line("mem-bw-schema", args.mem_bw, "MB", &update.mem_bandwidth, e);
	if (r)
		return r;
	update.id = cli->id;
	if (spec)
		update.limits = &spec->limits;
	return container_update(&rt, &update, e);
}

const struct verb verb_update = {
	.name = "update",
	.args = "ID",
	.help = "change the limits of a container",
	.opts = update_opts,
	.min = 1,
	.max = 1,
	.first_is_id = true,
	.run = update_run,
};
