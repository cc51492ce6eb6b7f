/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resources_io - the parts of linux.resources that are lists of devices or of kinds: blockIO,
 * hugepageLimits, rdma.
 */
#include "spec/internal.h"

#include <string.h>

#define WEIGHT_MIN 10
#define WEIGHT_MAX 1000

/* --- blockIO --- */

/* 0 is "not set". */
static int weight_parse(const struct json *obj, struct opt_u64 *ret, struct err *e)
{
	struct json at;
	int r = member_opt_u64(obj, "weight", UINT16_MAX, ret, e);

	if (r < 0 || !ret->set)
		return r;
	ret->set = ret->value != 0;
	if (!ret->set || (ret->value >= WEIGHT_MIN && ret->value <= WEIGHT_MAX) ||
	    !json_member(obj, "weight", &at))
		return 0;
	return json_refuse(&at, e, "%ju is out of range: allowed are %d to %d",
			   (uintmax_t)ret->value, WEIGHT_MIN, WEIGHT_MAX);
}

static int number_parse(const struct json *at, uint32_t *ret_major, uint32_t *ret_minor,
			struct err *e)
{
	uint64_t major, minor;
	int r = json_want_object(at, e);

	if (r == 0)
		r = member_need_u64(at, "major", "the device's major number", UINT32_MAX, &major,
				    e);
	if (r == 0)
		r = member_need_u64(at, "minor", "the device's minor number", UINT32_MAX, &minor,
				    e);
	if (r < 0)
		return r;
	*ret_major = (uint32_t)major;
	*ret_minor = (uint32_t)minor;
	return 0;
}

static int device_weights_parse(struct loader *l, const struct json *block_io, struct err *e)
{
	struct limits *lim = &l->spec->limits;
	struct json array, it = {0};
	size_t n;
	bool found;
	int r = member_array(block_io, "weightDevice", &array, &found, e);

	if (r < 0 || !found)
		return r;
	lim->io_weights = member_alloc(&l->spec->arena, &array, sizeof(*lim->io_weights), &n);
	if (!lim->io_weights)
		return load_no_memory(e);
	while (r == 0 && json_next(&array, &it)) {
		struct limits_io_weight *w = &lim->io_weights[lim->n_io_weights];
		struct opt_u64 weight = {0};

		r = number_parse(&it, &w->major, &w->minor, e);
		if (r == 0)
			r = weight_parse(&it, &weight, e);
		if (r == 0)
			r = unsupported_refuse(&it, "linux.resources.blockIO.weightDevice", e);
		w->weight = (uint16_t)weight.value;
		if (r == 0 && weight.set)
			lim->n_io_weights++;
	}
	return r;
}

static const char *const rate_lists[LIMITS_IO_MAX] = {
	[LIMITS_IO_READ_BYTES] = "throttleReadBpsDevice",
	[LIMITS_IO_WRITE_BYTES] = "throttleWriteBpsDevice",
	[LIMITS_IO_READ_OPS] = "throttleReadIOPSDevice",
	[LIMITS_IO_WRITE_OPS] = "throttleWriteIOPSDevice",
};

static int rate_list_parse(struct limits *lim, const struct json *block_io,
			   enum limits_io_kind kind, struct err *e)
{
	struct json array, it = {0};
	bool found;
	int r = member_array(block_io, rate_lists[kind], &array, &found, e);

	while (r == 0 && found && json_next(&array, &it)) {
		struct limits_io_rate *rate = &lim->io_rates[lim->n_io_rates];

		rate->kind = kind;
		r = number_parse(&it, &rate->major, &rate->minor, e);
		if (r == 0)
			r = member_need_u64(&it, "rate", "how much in a second", UINT64_MAX,
					    &rate->rate, e);
		if (r == 0)
			lim->n_io_rates++;
	}
	return r;
}

static int rates_parse(struct loader *l, const struct json *block_io, struct err *e)
{
	struct limits *lim = &l->spec->limits;
	size_t n = 0;
	int r = 0;

	for (size_t kind = 0; kind < LIMITS_IO_MAX; kind++) {
		struct json array;

		n += json_member(block_io, rate_lists[kind], &array) ? json_count(&array) : 0;
	}
	lim->io_rates = arena_alloc(&l->spec->arena, n * sizeof(*lim->io_rates) + 1);
	if (!lim->io_rates)
		return load_no_memory(e);
	for (size_t kind = 0; kind < LIMITS_IO_MAX && r == 0; kind++)
		r = rate_list_parse(lim, block_io, (enum limits_io_kind)kind, e);
	return r;
}

int block_io_parse(struct loader *l, const struct json *resources, struct err *e)
{
	struct json at;
	bool found;
	int r = member_object(resources, "blockIO", &at, &found, e);

	if (r < 0 || !found)
		return r;
	r = weight_parse(&at, &l->spec->limits.io_weight, e);
	if (r == 0)
		r = device_weights_parse(l, &at, e);
	if (r == 0)
		r = rates_parse(l, &at, e);
	if (r == 0)
		r = unsupported_refuse(&at, "linux.resources.blockIO", e);
	return r;
}

/* --- hugepageLimits --- */

/* A number, K, M or G, and B, as in the names of the kernel's files. */
static bool is_page_size(const char *s)
{
	size_t digits = strspn(s, "0123456789");

	return digits > 0 && s[0] != '0' && digits < 12 && s[digits] && strchr("KMG", s[digits]) &&
	       strcmp(s + digits + 1, "B") == 0;
}

static int hugepage_parse(const struct json *at, struct limits_hugepages *h, struct err *e)
{
	struct json size;
	int r = json_want_object(at, e);

	if (r == 0)
		r = json_need(at, "pageSize", "a size of huge pages, as 2MB", &size, e);
	if (r == 0)
		r = json_str(&size, &h->page_size, e);
	if (r == 0 && !is_page_size(h->page_size))
		r = json_refuse(&size, e,
				"\"%.64s\" is not a size of huge pages: one as 64KB, 2MB or 1GB is "
				"allowed",
				h->page_size);
	if (r == 0)
		r = member_need_u64(at, "limit", "a number of bytes", UINT64_MAX, &h->limit, e);
	return r;
}

int hugepages_parse(struct loader *l, const struct json *resources, struct err *e)
{
	struct limits *lim = &l->spec->limits;
	struct json array, it = {0};
	size_t n;
	bool found;
	int r = member_array(resources, "hugepageLimits", &array, &found, e);

	if (r < 0 || !found)
		return r;
	lim->hugepages = member_alloc(&l->spec->arena, &array, sizeof(*lim->hugepages), &n);
	if (!lim->hugepages)
		return load_no_memory(e);
	while (r == 0 && json_next(&array, &it)) {
		r = hugepage_parse(&it, &lim->hugepages[lim->n_hugepages], e);
		if (r == 0)
			lim->n_hugepages++;
	}
	return r;
}

/* --- rdma --- */

static int rdma_device_parse(const struct json *at, struct limits_rdma *d, struct err *e)
{
	int r = json_want_object(at, e);

	d->device = at->key;
	if (r == 0 && (!d->device[0] || d->device[strcspn(d->device, " \t\n=")]))
		r = json_refuse(at, e, "\"%.64s\" is not the name of a device", d->device);
	if (r == 0)
		r = member_opt_u64(at, "hcaHandles", UINT32_MAX, &d->handles, e);
	if (r == 0)
		r = member_opt_u64(at, "hcaObjects", UINT32_MAX, &d->objects, e);
	if (r == 0 && !d->handles.set && !d->objects.set)
		r = json_refuse(at, e, "limits nothing: give hcaHandles or hcaObjects");
	return r;
}

int rdma_parse(struct loader *l, const struct json *resources, struct err *e)
{
	struct limits *lim = &l->spec->limits;
	struct json at, it = {0};
	size_t n;
	bool found;
	int r = member_object(resources, "rdma", &at, &found, e);

	if (r < 0 || !found)
		return r;
	lim->rdma = member_alloc(&l->spec->arena, &at, sizeof(*lim->rdma), &n);
	if (!lim->rdma)
		return load_no_memory(e);
	while (r == 0 && json_next(&at, &it)) {
		r = rdma_device_parse(&it, &lim->rdma[lim->n_rdma], e);
		if (r == 0)
			lim->n_rdma++;
	}
	return r;
}
