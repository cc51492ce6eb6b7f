/* SPDX-License-Identifier: Apache-2.0 */
/* net_devices - linux.netDevices: interfaces of the host that go to the container. */
#include "spec/internal.h"

#include <net/if.h>
#include <string.h>

/* As the kernel's dev_valid_name() has it. */
static bool name_is_valid(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < IFNAMSIZ && name[strcspn(name, "/: \t\n\v\f\r")] == '\0' &&
	       strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static int name_check(const struct json *at, const char *name, struct err *e)
{
	if (name_is_valid(name))
		return 0;
	return json_refuse(at, e,
			   "\"%.64s\" is no name of an interface: 1 to %d characters without '/', "
			   "':' and blanks are allowed",
			   name, IFNAMSIZ - 1);
}

static int device_parse(const struct json *at, struct spec_net_device *to, struct err *e)
{
	struct json member;
	int r = json_want_object(at, e);

	if (r == 0)
		r = name_check(at, at->key, e);
	if (r < 0)
		return r;
	to->name = to->new_name = at->key;
	r = member_str(at, "name", &to->new_name, e);
	if (r < 0 || !json_member(at, "name", &member))
		return r;
	return name_check(&member, to->new_name, e);
}

int net_devices_parse(struct loader *l, const struct json *linux_obj, struct err *e)
{
	struct spec *spec = l->spec;
	struct json at, it = {0};
	bool found;
	size_t n;
	int r = member_object(linux_obj, "netDevices", &at, &found, e);

	if (r < 0 || !found)
		return r;
	spec->net_devices = member_alloc(&spec->arena, &at, sizeof(*spec->net_devices), &n);
	if (!spec->net_devices)
		return load_no_memory(e);
	while (r == 0 && json_next(&at, &it)) {
		r = device_parse(&it, &spec->net_devices[spec->n_net_devices], e);
		if (r == 0)
			spec->n_net_devices++;
	}
	return r;
}
