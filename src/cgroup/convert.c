/* SPDX-License-Identifier: Apache-2.0 */
/*
 * convert - the limits of config.json, which speak of cgroup v1, as writes to cgroup v2 files.
 *
 * Pure. The order of the writes is the order in which they are to be made: pids, memory (swap
 * first), io, cpu (burst before max, see write.c), cpuset, hugetlb, rdma, and last what `unified`
 * says, so that it wins. What only says "no limit", the state of a new cgroup, is optional: no
 * controller is needed for it. Sources: cgroup-v2.rst, and for the meaning of each field
 * config-linux.md.
 */
#include "tinyrun/cgroup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup/internal.h"
#include "tinyrun/fd.h"
#include "tinyrun/str.h"

#define SHARES_MAX 262144 /* and above: the greatest weight */
#define WEIGHT_MAX 10000

enum need { NEEDED, OPTIONAL };

struct conversion {
	const struct limits *limits;
	struct cgroup_writes *out;
	struct err *e;
};

static int no_memory(struct conversion *c)
{
	return err_num(c->e, ENOMEM, "convert linux.resources");
}

static int add(struct conversion *c, enum need need, const char *origin, const char *file,
	       const char *fmt, ...) __attribute__((format(printf, 5, 6)));

static int add(struct conversion *c, enum need need, const char *origin, const char *file,
	       const char *fmt, ...)
{
	struct cgroup_write *v =
		reallocarray(c->out->v, c->out->n + 1, sizeof(*v)); /* a dozen at most, usually */
	char *value;
	va_list args;
	int r;

	if (!v)
		return no_memory(c);
	c->out->v = v;
	va_start(args, fmt);
	r = vasprintf(&value, fmt, args);
	va_end(args);
	if (r < 0)
		return no_memory(c);
	v[c->out->n++] = (struct cgroup_write){
		.file = file, .value = value, .origin = origin, .optional = need == OPTIONAL};
	return 0;
}

/* Bytes, or "max" for -1. */
static int add_bytes(struct conversion *c, enum need need, const char *origin, const char *file,
		     int64_t bytes)
{
	if (bytes == -1)
		return add(c, OPTIONAL, origin, file, "max");
	if (bytes < -1)
		return err_user(
			c->e, "linux.resources.%s: found %" PRId64 ", want -1 (no limit) or bytes",
			origin, bytes);
	return add(c, need, origin, file, "%" PRId64, bytes);
}

static int add_pids(struct conversion *c)
{
	const struct opt_i64 *limit = &c->limits->pids_limit;

	if (!limit->set)
		return 0;
	if (limit->value < 0)
		return add(c, OPTIONAL, "pids.limit", "pids.max", "max");
	/* 0 is to stop forks alone. Init is born inside the cgroup, so it takes 1 for the same. */
	return add(c, NEEDED, "pids.limit", "pids.max", "%" PRId64,
		   limit->value ? limit->value : 1);
}

/* config.json counts memory and swap together, the kernel swap alone. 0 is "not set" in both. */
static int add_swap(struct conversion *c)
{
	int64_t limit = c->limits->memory_limit.set ? c->limits->memory_limit.value : 0;
	int64_t swap = c->limits->memory_swap.set ? c->limits->memory_swap.value : 0;
	static const char origin[] = "memory.swap", file[] = "memory.swap.max";

	if (swap == 0)
		return limit == -1 ? add(c, OPTIONAL, "memory.limit", file, "max") : 0;
	if (swap < 0 || limit == -1)
		return add_bytes(c, NEEDED, origin, file, swap);
	if (limit == 0)
		return err_user(c->e,
				"linux.resources.memory.swap needs memory.limit beside it: it "
				"is the sum of memory and swap");
	if (swap < limit)
		return err_user(c->e,
				"linux.resources.memory.swap: found %" PRId64
				", want at least memory.limit (%" PRId64 "), which it includes",
				swap, limit);
	return add(c, swap == limit ? OPTIONAL : NEEDED, origin, file, "%" PRId64, swap - limit);
}

static int add_memory(struct conversion *c)
{
	const struct limits *l = c->limits;
	int r = add_swap(c);

	if (r == 0 && l->memory_limit.set && l->memory_limit.value != 0)
		r = add_bytes(c, NEEDED, "memory.limit", "memory.max", l->memory_limit.value);
	if (r == 0 && l->memory_reservation.set)
		r = add_bytes(c, l->memory_reservation.value ? NEEDED : OPTIONAL,
			      "memory.reservation", "memory.low", l->memory_reservation.value);
	return r;
}

/* --- cpu.weight: integers all the way, so that no maths library is linked for it --- */

#define LOG_BITS 44
#define LOG_ONE  ((uint64_t)1 << LOG_BITS)
/* Less than any distance to a whole weight but 0: the nearest one (of shares 116225) is 2^-20. */
#define LOG_SLACK ((uint64_t)1 << (LOG_BITS - 26))

/* log2(@x) for @x > 0, as a fixed point number with LOG_BITS behind the point. */
static uint64_t log2_fixed(uint64_t x)
{
	unsigned whole = 63 - (unsigned)__builtin_clzll(x);
	uint64_t mantissa = x << (63 - whole); /* 1 <= mantissa < 2, 63 bits behind the point */
	uint64_t log = (uint64_t)whole << LOG_BITS;

	for (uint64_t bit = LOG_ONE >> 1; bit; bit >>= 1) {
		unsigned __int128 square = (unsigned __int128)mantissa * mantissa;

		if (square >> 127) {
			log |= bit;
			mantissa = (uint64_t)(square >> 64);
		} else {
			mantissa = (uint64_t)(square >> 63);
		}
	}
	return log;
}

/*
 * ceil(10^((l^2 + 125 l) / 612 - 7/34)) with l = log2(shares): 2, 1024, 262144 become 1, 100,
 * 10000. That is the least weight whose 612 log2(weight) is not below log2(10) (l^2 + 125 l - 126).
 */
unsigned cgroup_weight_of_shares(uint64_t shares)
{
	unsigned low = 1, high = WEIGHT_MAX;
	unsigned __int128 wanted;
	uint64_t l;

	if (shares <= 2)
		return 1;
	if (shares >= SHARES_MAX)
		return WEIGHT_MAX;
	l = log2_fixed(shares);
	wanted = (((unsigned __int128)l * l) >> LOG_BITS) + (unsigned __int128)l * 125 -
		 126 * LOG_ONE;
	wanted = (wanted * log2_fixed(10)) >> LOG_BITS;
	while (low < high) {
		unsigned middle = (low + high) / 2;

		if ((unsigned __int128)log2_fixed(middle) * 612 + LOG_SLACK >= wanted)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* An idle cgroup has the least weight, and the kernel refuses to set another. */
static int add_weight(struct conversion *c)
{
	const struct opt_i64 *idle = &c->limits->cpu_idle;
	const struct opt_u64 *shares = &c->limits->cpu_shares;
	int r = 0;

	if (idle->set && idle->value != 0 && idle->value != 1)
		return err_user(c->e, "linux.resources.cpu.idle: found %" PRId64 ", want 0 or 1",
				idle->value);
	if (idle->set)
		r = add(c, idle->value ? NEEDED : OPTIONAL, "cpu.idle", "cpu.idle", "%" PRId64,
			idle->value);
	if (r == 0 && shares->set && shares->value != 0 && !(idle->set && idle->value == 1))
		r = add(c, NEEDED, "cpu.shares", "cpu.weight", "%u",
			cgroup_weight_of_shares(shares->value));
	return r;
}

/*
 * cpu.max is "QUOTA PERIOD". A quota alone leaves the period as it is. A period alone is written
 * with "max", in place of which write.c puts the quota that holds.
 */
static int add_bandwidth(struct conversion *c)
{
	const struct limits *l = c->limits;
	bool limited = l->cpu_quota.set && l->cpu_quota.value > 0;
	uint64_t period = l->cpu_period.set ? l->cpu_period.value : 0;
	uint64_t burst = l->cpu_burst.set ? l->cpu_burst.value : 0;
	const char *origin = l->cpu_quota.set ? "cpu.quota" : "cpu.period";
	enum need need = limited ? NEEDED : OPTIONAL;
	char quota[24] = "max";
	int r = 0;

	if (limited && burst > (uint64_t)l->cpu_quota.value)
		return err_user(c->e,
				"linux.resources.cpu.burst: found %" PRIu64
				", want at most cpu.quota (%" PRId64 ")",
				burst, l->cpu_quota.value);
	if (limited)
		(void)snprintf(quota, sizeof(quota), "%" PRId64, l->cpu_quota.value);
	if (l->cpu_burst.set)
		r = add(c, burst ? NEEDED : OPTIONAL, "cpu.burst", "cpu.max.burst", "%" PRIu64,
			burst);
	if (r == 0 && period > 0)
		r = add(c, need, origin, "cpu.max", "%s %" PRIu64, quota, period);
	else if (r == 0 && l->cpu_quota.set)
		r = add(c, need, origin, "cpu.max", "%s", quota);
	return r;
}

static int add_cpu(struct conversion *c)
{
	int r = add_weight(c);

	return r < 0 ? r : add_bandwidth(c);
}

static int add_cpuset(struct conversion *c)
{
	const char *cpus = c->limits->cpuset_cpus, *mems = c->limits->cpuset_mems;
	int r = 0;

	if (cpus && *cpus)
		r = add(c, NEEDED, "cpu.cpus", "cpuset.cpus", "%s", cpus);
	if (r == 0 && mems && *mems)
		r = add(c, NEEDED, "cpu.mems", "cpuset.mems", "%s", mems);
	return r;
}

/* 10 to 1000 of the BFQ scheduler as 1 to 10000 of the kernel's own cost model. */
static unsigned io_weight_of(uint64_t weight)
{
	return (unsigned)(1 + (weight - 10) * 9999 / 990);
}

/* The scheduler's file where there is one, else the cost model's. @device: "" or "MAJOR:MINOR ". */
static int add_weight_of(struct conversion *c, const char *origin, const char *device,
			 uint64_t weight)
{
	int r = add(c, NEEDED, origin, "io.bfq.weight", "%s%" PRIu64, device, weight);
	struct cgroup_write *w = r < 0 ? NULL : &c->out->v[c->out->n - 1];

	if (r < 0)
		return r;
	if (asprintf(&w->instead_value, "%s%u", device, io_weight_of(weight)) < 0) {
		w->instead_value = NULL;
		return no_memory(c);
	}
	w->instead_file = "io.weight";
	return 0;
}

static int add_weights(struct conversion *c)
{
	const struct limits *l = c->limits;
	int r = 0;

	if (l->io_weight.set)
		r = add_weight_of(c, "blockIO.weight", "", l->io_weight.value);
	for (size_t i = 0; i < l->n_io_weights && r == 0; i++) {
		const struct limits_io_weight *w = &l->io_weights[i];
		char device[32];

		(void)snprintf(device, sizeof(device), "%u:%u ", w->major, w->minor);
		r = add_weight_of(c, "blockIO.weightDevice", device, w->weight);
	}
	return r;
}

static int add_rates(struct conversion *c)
{
	static const struct {
		const char *key, *origin;
	} kinds[LIMITS_IO_MAX] = {
		[LIMITS_IO_READ_BYTES] = {"rbps", "blockIO.throttleReadBpsDevice"},
		[LIMITS_IO_WRITE_BYTES] = {"wbps", "blockIO.throttleWriteBpsDevice"},
		[LIMITS_IO_READ_OPS] = {"riops", "blockIO.throttleReadIOPSDevice"},
		[LIMITS_IO_WRITE_OPS] = {"wiops", "blockIO.throttleWriteIOPSDevice"},
	};
	int r = 0;

	for (size_t i = 0; i < c->limits->n_io_rates && r == 0; i++) {
		const struct limits_io_rate *rate = &c->limits->io_rates[i];
		char value[24] = "max";

		if (rate->rate > 0)
			(void)snprintf(value, sizeof(value), "%" PRIu64, rate->rate);
		r = add(c, NEEDED, kinds[rate->kind].origin, "io.max", "%u:%u %s=%s", rate->major,
			rate->minor, kinds[rate->kind].key, value);
	}
	return r;
}

/* Of what is reserved and of what is used; only newer kernels count the former. */
static int add_hugepages(struct conversion *c)
{
	static const char *const files[] = {"rsvd.max", "max"};
	int r = 0;

	for (size_t i = 0; i < c->limits->n_hugepages && r == 0; i++) {
		const struct limits_hugepages *h = &c->limits->hugepages[i];

		for (size_t k = 0; k < 2 && r == 0; k++) {
			char *file;

			if (asprintf(&file, "hugetlb.%s.%s", h->page_size, files[k]) < 0)
				return no_memory(c);
			r = add(c, k == 0 ? OPTIONAL : NEEDED, "hugepageLimits", file, "%" PRIu64,
				h->limit);
			if (r == 0)
				c->out->v[c->out->n - 1].own_file = file;
			else
				free(file);
		}
	}
	return r;
}

static int add_rdma(struct conversion *c)
{
	int r = 0;

	for (size_t i = 0; i < c->limits->n_rdma && r == 0; i++) {
		const struct limits_rdma *d = &c->limits->rdma[i];
		char handles[40] = "", objects[40] = "";

		if (d->handles.set)
			(void)snprintf(handles, sizeof(handles), " hca_handle=%" PRIu64,
				       d->handles.value);
		if (d->objects.set)
			(void)snprintf(objects, sizeof(objects), " hca_object=%" PRIu64,
				       d->objects.value);
		r = add(c, NEEDED, "rdma", "rdma.max", "%s%s%s", d->device, handles, objects);
	}
	return r;
}

/*
 * A file is CONTROLLER.PARAMETER. Of the core's own, "cgroup.", only those that limit: the others
 * move, freeze and kill processes, the host's as well.
 */
static int check_unified(const char *file, struct err *e)
{
	static const char *const core[] = {"cgroup.max.depth", "cgroup.max.descendants",
					   "cgroup.pressure"};
	const char *dot = strchr(file, '.');

	if (!dot || dot == file || dot[1] == 0 || strchr(file, '/'))
		return err_user(
			e,
			"linux.resources.unified: found \"%s\", want the name of a file such "
			"as memory.high",
			file);
	if (!str_starts(file, "cgroup."))
		return 0;
	for (size_t i = 0; i < sizeof(core) / sizeof(*core); i++)
		if (strcmp(file, core[i]) == 0)
			return 0;
	return err_user(e, "linux.resources.unified: %s is not a limit", file);
}

/* One write a line: a file such as io.max takes one device at a time. */
static int add_unified(struct conversion *c)
{
	int r = 0;

	for (size_t i = 0; i < c->limits->n_unified && r == 0; i++) {
		const char *file = c->limits->unified[i].file, *at = c->limits->unified[i].value;

		r = check_unified(file, c->e);
		if (r == 0 && at[strspn(at, "\n")] == 0)
			r = add(c, NEEDED, "unified", file, "\n"); /* empties what is a list */
		while (r == 0 && *(at += strspn(at, "\n"))) {
			size_t len = strcspn(at, "\n");

			r = add(c, NEEDED, "unified", file, "%.*s", (int)len, at);
			at += len;
		}
	}
	return r;
}

int cgroup_convert(const struct limits *limits, struct cgroup_writes *ret, struct err *e)
{
	static int (*const concerns[])(struct conversion *) = {
		add_pids,   add_memory,    add_weights, add_rates,  add_cpu,
		add_cpuset, add_hugepages, add_rdma,    add_unified};
	struct cgroup_writes out = {.v = NULL};
	struct conversion c = {.limits = limits, .out = &out, .e = e};
	int r = 0;

	for (size_t i = 0; limits && i < sizeof(concerns) / sizeof(*concerns) && r == 0; i++)
		r = concerns[i](&c);
	if (r < 0) {
		cgroup_writes_done(&out);
		return r;
	}
	*ret = out;
	return 0;
}

void cgroup_writes_done(struct cgroup_writes *w)
{
	for (size_t i = 0; i < w->n; i++) {
		free(w->v[i].value);
		free(w->v[i].own_file);
		free(w->v[i].instead_value);
	}
	free(w->v);
	*w = (struct cgroup_writes){.v = NULL};
}
