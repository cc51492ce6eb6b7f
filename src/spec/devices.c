/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devices - linux.devices: the device nodes that are made in the container.
 *
 * Numbers that do not fit the kernel's 12 and 20 bits are refused, since mknod(2) would cut them
 * down to another device's.
 */
#include "spec/internal.h"

#include <sys/stat.h>

#define MAJOR_MAX 0xfff
#define MINOR_MAX 0xfffff
#define MODE_BITS 07777u
#define MODE_ALL  ((uint64_t)S_IFMT | MODE_BITS)

static const struct member_word types[] = {
	{"c", 'c'}, {"b", 'b'}, {"u", 'c'}, {"p", 'p'}, {NULL, 0},
};

static int number_parse(const struct json *device, const char *key, int64_t max, int64_t *ret,
			struct err *e)
{
	struct json at;
	int r = json_need(device, key, "a number: a node of type c, b or u has one", &at, e);

	return r < 0 ? r : json_i64(&at, 0, max, ret, e);
}

static int mode_parse(const struct json *device, uint32_t *ret, struct err *e)
{
	struct opt_u64 mode = {.value = 0666};
	int r = member_opt_u64(device, "fileMode", MODE_ALL, &mode, e);

	*ret = (uint32_t)mode.value & MODE_BITS; /* engines leave the type of the file in it */
	return r;
}

static int owner_parse(const struct json *device, const char *key, uint32_t *ret, struct err *e)
{
	struct json at;

	return json_member(device, key, &at) ? member_id(&at, ret, e) : 0;
}

static int device_parse(const struct json *at, struct spec_device *d, struct err *e)
{
	struct json type, path;
	uint64_t letter = 0;
	int r = json_want_object(at, e);

	if (r == 0)
		r = json_need(at, "type", "c, b, u or p", &type, e);
	if (r == 0)
		r = member_word(&type, "", types, "device type", &letter, e);
	if (r == 0)
		r = json_need(at, "path", "an absolute path in the container", &path, e);
	if (r == 0)
		r = member_path(&path, &d->path, e);
	d->type = (char)letter;
	if (r == 0 && d->type != 'p')
		r = number_parse(at, "major", MAJOR_MAX, &d->major, e);
	if (r == 0 && d->type != 'p')
		r = number_parse(at, "minor", MINOR_MAX, &d->minor, e);
	if (r == 0)
		r = mode_parse(at, &d->mode, e);
	if (r == 0)
		r = owner_parse(at, "uid", &d->uid, e);
	if (r == 0)
		r = owner_parse(at, "gid", &d->gid, e);
	return r;
}

int devices_parse(struct loader *l, const struct json *linux_obj, struct err *e)
{
	struct spec *spec = l->spec;
	struct json at, it = {0};
	size_t n;
	bool found;
	int r = member_array(linux_obj, "devices", &at, &found, e);

	if (r < 0 || !found)
		return r;
	spec->devices = member_alloc(&spec->arena, &at, sizeof(*spec->devices), &n);
	if (!spec->devices)
		return load_no_memory(e);
	while (r == 0 && json_next(&at, &it)) {
		r = device_parse(&it, &spec->devices[spec->n_devices], e);
		if (r == 0)
			spec->n_devices++;
	}
	return r;
}
