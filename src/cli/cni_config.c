/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cni_config - a network configuration becomes the options that a command line would give.
 *
 * So each value is read and refused by the same code; what is different is where it stands. A
 * member that we do not know is refused: what an administrator wrote and nobody does is a hole.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cli/cni.h"
#include "tinyrun/str.h"

const char *const cni_versions[] = {"0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0", NULL};

/* One option, refused by the name that it has here. */
static int set(struct cni *cni, const char *option, const struct json *at, const char *value,
	       struct err *e)
{
	struct err why = ERR_INIT;
	char text[ERR_FRAME_SIZE];

	if (net_options_set(&cni->options, option, value, &why) == 0)
		return 0;
	return json_refuse(at, e, "%s", err_str(&why, text, sizeof(text)));
}

static int set_text(struct cni *cni, const char *option, const struct json *at, struct err *e)
{
	const char *value;
	int r = json_str(at, &value, e);

	return r < 0 ? r : set(cni, option, at, value, e);
}

static int unsupported(struct cni *cni, const struct json *at, const char *want, struct err *e)
{
	size_t len;
	const char *text = json_text(at, &len);

	cni->code = CNI_UNSUPPORTED;
	return json_refuse(at, e, "%.*s is not supported, want %s", (int)(len < 80 ? len : 80),
			   text, want);
}

/* --- members that take part --- */

static int read_subnet(struct cni *cni, const struct json *at, struct err *e)
{
	struct json it = {.doc = NULL};
	int r = 0;

	if (!json_is_array(at))
		return set_text(cni, "subnet", at, e);
	while (r == 0 && json_next(at, &it))
		r = set_text(cni, "subnet", &it, e);
	return r;
}

static int read_bridge(struct cni *cni, const struct json *at, struct err *e)
{
	return set_text(cni, "bridge", at, e);
}

static int read_mac(struct cni *cni, const struct json *at, struct err *e)
{
	return set_text(cni, "mac", at, e);
}

static int read_mtu(struct cni *cni, const struct json *at, struct err *e)
{
	char text[24];
	uint64_t mtu;
	int r = json_u64(at, UINT32_MAX, &mtu, e);

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)mtu);
	return r < 0 || mtu == 0 ? r : set(cni, "mtu", at, text, e);
}

/* An address with or without the length of a prefix: the subnet's length counts. */
static int set_ip(struct cni *cni, const struct json *at, const char *value, struct err *e)
{
	char addr[NET_ADDR_TEXT];
	size_t len = strcspn(value, "/");

	if (len >= sizeof(addr))
		return json_refuse(at, e, "\"%s\" is not an address", value);
	memcpy(addr, value, len);
	addr[len] = '\0';
	return set(cni, strchr(addr, ':') ? "ip6" : "ip", at, addr, e);
}

static int read_ips(struct cni *cni, const struct json *at, struct err *e)
{
	struct json it = {.doc = NULL};
	int r = json_want_array(at, e);

	while (r == 0 && json_next(at, &it)) {
		const char *value;

		r = json_str(&it, &value, e);
		if (r == 0)
			r = set_ip(cni, &it, value, e);
	}
	return r;
}

/*
 * Programs in Go read members of any case, so nobody notices how they are written: containerd's are
 * HostPort, ContainerPort, Servers.
 */
static bool runtime_member(const struct json *obj, const char *key, struct json *ret)
{
	struct json it = {.doc = NULL};

	while (json_next(obj, &it))
		if (strcasecmp(it.key, key) == 0)
			return json_member(obj, it.key, ret);
	return false;
}

static int read_mapping(struct cni *cni, const struct json *at, struct err *e)
{
	const char *host = "", *protocol = "tcp";
	uint64_t host_port = 0, port = 0;
	struct json member;
	char text[NET_PORT_TEXT];
	int r = json_want_object(at, e);

	if (r == 0 && runtime_member(at, "hostPort", &member))
		r = json_u64(&member, UINT16_MAX, &host_port, e);
	if (r == 0 && !runtime_member(at, "containerPort", &member))
		r = json_need(at, "containerPort", "a port", &member, e);
	if (r == 0)
		r = json_u64(&member, UINT16_MAX, &port, e);
	if (r == 0 && runtime_member(at, "hostIP", &member))
		r = json_str(&member, &host, e);
	if (r == 0 && runtime_member(at, "protocol", &member))
		r = json_str(&member, &protocol, e);
	if (r < 0 || host_port == 0)
		return r; /* without a port of the host nothing is published */
	if (strcasecmp(protocol, "tcp") != 0 && strcasecmp(protocol, "udp") != 0)
		return unsupported(cni, &member, "tcp or udp", e);
	(void)snprintf(text, sizeof(text), "%s%s%s%s%u:%u/%s", strchr(host, ':') ? "[" : "", host,
		       strchr(host, ':') ? "]" : "", *host ? ":" : "", (unsigned)host_port,
		       (unsigned)port, strcasecmp(protocol, "udp") == 0 ? "udp" : "tcp");
	return set(cni, "publish", at, text, e);
}

static int read_mappings(struct cni *cni, const struct json *at, struct err *e)
{
	struct json it = {.doc = NULL};
	int r = json_want_array(at, e);

	while (r == 0 && json_next(at, &it))
		r = read_mapping(cni, &it, e);
	return r;
}

/* The members of runtimeConfig.dns have other names than those of a result. */
static int read_dns(struct cni *cni, const struct json *at, struct err *e)
{
	static const struct {
		const char *key, *as;
	} members[] = {{"nameservers", "nameservers"}, {"servers", "nameservers"},
		       {"domain", "domain"},           {"search", "search"},
		       {"searches", "search"},         {"options", "options"}};
	struct json it;
	int r = json_want_object(at, e);

	if (r < 0)
		return r;
	buf_done(&cni->dns); /* what the runtime says replaces what the network says */
	buf_add_char(&cni->dns, '{');
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		size_t len;
		const char *text;

		if (!runtime_member(at, members[i].key, &it))
			continue;
		text = json_text(&it, &len);
		buf_addf(&cni->dns, "%s\"%s\":", cni->dns.len > 1 ? "," : "", members[i].as);
		buf_add(&cni->dns, text, len);
	}
	buf_add_char(&cni->dns, '}');
	return buf_check(&cni->dns, e);
}

static int read_data_dir(struct cni *cni, const struct json *at, struct err *e)
{
	return json_str(at, &cni->data_dir, e);
}

/* --- members of the bridge plugin that say what is so here anyway --- */

static int want_true(struct cni *cni, const struct json *at, struct err *e)
{
	bool value = false;
	int r = json_bool(at, &value, e);

	return r < 0 || value ? r : unsupported(cni, at, "true", e);
}

static int want_false(struct cni *cni, const struct json *at, struct err *e)
{
	bool value = true;
	int r = json_bool(at, &value, e);

	return r < 0 || !value ? r : unsupported(cni, at, "false", e);
}

static int want_flag(struct cni *cni, const struct json *at, struct err *e)
{
	bool value;

	(void)cni;
	return json_bool(at, &value, e);
}

static int pass_over(struct cni *cni, const struct json *at, struct err *e)
{
	(void)cni;
	(void)at;
	(void)e;
	return 0;
}

/* --- tables --- */

struct member {
	const char *key;
	int (*read)(struct cni *cni, const struct json *at, struct err *e);
};

/* Each member of @at by its row; @what is allowed is said by the rows themselves. */
static int read_members(struct cni *cni, const struct json *at, const struct member *rows,
			struct err *e)
{
	struct json it = {.doc = NULL};
	int r = json_want_object(at, e);

	while (r == 0 && json_next(at, &it)) {
		const struct member *row = rows;

		while (row->key && strcmp(row->key, it.key) != 0)
			row++;
		if (row->key)
			r = row->read(cni, &it, e);
		else if (!strchr(it.key, '/')) /* another's name space: cni.dev/... */
			r = unsupported(cni, &it, "it left out: this plugin does nothing for it",
					e);
	}
	return r;
}

static int want_host_local(struct cni *cni, const struct json *at, struct err *e)
{
	const char *type;
	int r = json_str(at, &type, e);

	if (r == 0 && strcmp(type, "host-local") != 0)
		return unsupported(cni, at, "\"host-local\", which is built in", e);
	return r;
}

static const struct member range_members[] = {{"subnet", read_subnet}, {NULL, NULL}};

/* [[{"subnet": ...}], [{"subnet": ...}]]: a set of ranges a family. */
static int read_ranges(struct cni *cni, const struct json *at, struct err *e)
{
	struct json range_set = {.doc = NULL};
	int r = json_want_array(at, e);

	while (r == 0 && json_next(at, &range_set)) {
		struct json range = {.doc = NULL};

		r = json_want_array(&range_set, e);
		if (r == 0 && json_count(&range_set) > 1)
			return unsupported(cni, &range_set, "one range", e);
		while (r == 0 && json_next(&range_set, &range))
			r = read_members(cni, &range, range_members, e);
	}
	return r;
}

/* The default route is made anyway; another is not. */
static int read_routes(struct cni *cni, const struct json *at, struct err *e)
{
	struct json it = {.doc = NULL};
	int r = json_want_array(at, e);

	while (r == 0 && json_next(at, &it)) {
		const char *dst = "";

		r = json_get_str(&it, "dst", &dst, e);
		if (r == 0 && strcmp(dst, "0.0.0.0/0") != 0 && strcmp(dst, "::/0") != 0)
			return unsupported(cni, &it, "a default route", e);
	}
	return r;
}

static int read_ipam(struct cni *cni, const struct json *at, struct err *e)
{
	static const struct member rows[] = {{"type", want_host_local},  {"subnet", read_subnet},
					     {"ranges", read_ranges},    {"routes", read_routes},
					     {"dataDir", read_data_dir}, {NULL, NULL}};

	return read_members(cni, at, rows, e);
}

static int read_runtime(struct cni *cni, const struct json *at, struct err *e)
{
	static const struct member rows[] = {{"portMappings", read_mappings},
					     {"ips", read_ips},
					     {"mac", read_mac},
					     {"dns", read_dns},
					     {"ipRanges", read_ranges},
					     {"aliases", pass_over},
					     {NULL, NULL}};

	return read_members(cni, at, rows, e);
}

/* {"cni": {"ips": [...]}}: other members are other plugins'. */
static int read_args(struct cni *cni, const struct json *at, struct err *e)
{
	struct json member, ips;
	int r = json_want_object(at, e);

	if (r == 0 && json_member(at, "cni", &member) && json_member(&member, "ips", &ips))
		r = read_ips(cni, &ips, e);
	return r;
}

/* runtimeConfig is behind dns here, as its row is looked up in the order of the text: see below. */
static const struct member config_members[] = {{"cniVersion", pass_over},
					       {"cniVersions", pass_over},
					       {"name", pass_over},
					       {"type", pass_over},
					       {"capabilities", pass_over},
					       {"prevResult", pass_over},
					       {"disableCheck", pass_over},
					       {"disableGC", pass_over},
					       {"runtimeConfig", pass_over},
					       {"bridge", read_bridge},
					       {"subnet", read_subnet},
					       {"mtu", read_mtu},
					       {"mac", read_mac},
					       {"ips", read_ips},
					       {"dns", read_dns},
					       {"dataDir", read_data_dir},
					       {"ipam", read_ipam},
					       {"args", read_args},
					       {"isGateway", want_true},
					       {"isDefaultGateway", want_true},
					       {"ipMasq", want_true},
					       {"snat", want_true},
					       {"hairpinMode", want_flag},
					       {"forceAddress", want_false},
					       {"promiscMode", want_false},
					       {NULL, NULL}};

/* --- CNI_ARGS: IP=...;MAC=...;IgnoreUnknown=1;K8S_POD_NAME=... --- */

static int read_arg(struct cni *cni, const char *key, const char *value, bool *unknown,
		    struct err *e)
{
	if (strcmp(key, "IP") == 0)
		return set_ip(cni, &cni->config, value, e);
	if (strcmp(key, "MAC") == 0)
		return set(cni, "mac", &cni->config, value, e);
	*unknown |= strcmp(key, "IgnoreUnknown") != 0 && !str_starts(key, "K8S_");
	return 0;
}

static int read_arguments(struct cni *cni, struct err *e)
{
	const char *s = cni->args;
	bool unknown = false;
	int r = 0;

	cni->code = CNI_BAD_ENVIRONMENT;
	while (r == 0 && s && *s) {
		size_t len = strcspn(s, ";");
		char pair[512], *equals; /* the name of a pod has up to 253 characters */

		if (len >= sizeof(pair))
			return err_user(e, "CNI_ARGS has a pair of %zu characters, want up to %zu",
					len, sizeof(pair) - 1);
		memcpy(pair, s, len);
		pair[len] = '\0';
		equals = strchr(pair, '=');
		if (!equals)
			return err_user(e, "CNI_ARGS: \"%s\" is not KEY=VALUE", pair);
		*equals = '\0';
		r = read_arg(cni, pair, equals + 1, &unknown, e);
		s += len + (s[len] == ';');
	}
	if (r == 0 && unknown && !strstr(cni->args, "IgnoreUnknown="))
		return err_user(e,
				"CNI_ARGS: \"%s\" has a key that is not known, want IP, MAC or "
				"IgnoreUnknown=1",
				cni->args);
	return r;
}

/* --- all of it --- */

static int read_version(struct cni *cni, struct err *e)
{
	const char *version = NULL;
	int r = json_get_str(&cni->config, "cniVersion", &version, e);

	cni->code = CNI_BAD_VERSION;
	for (size_t i = 0; r == 0 && version && cni_versions[i]; i++) {
		if (strcmp(cni_versions[i], version) == 0) {
			cni->version = cni_versions[i];
			return 0;
		}
	}
	if (r == 0 && !version && cni->command == CNI_VERSION)
		return 0;
	return r < 0 ? r
		     : err_user(e, "cniVersion is \"%s\", want 0.3.0, 0.3.1, 0.4.0, 1.0.0 or 1.1.0",
				version ? version : "");
}

static int read_name(struct cni *cni, struct err *e)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	struct json at;
	int r;

	cni->code = CNI_BAD_CONFIG;
	r = json_need(&cni->config, "name", "the name of the network", &at, e);
	if (r == 0)
		r = json_str(&at, &cni->network, e);
	if (r == 0 && (!*cni->network || strchr("_.-", *cni->network) ||
		       strspn(cni->network, letters) != strlen(cni->network)))
		return json_refuse(&at, e,
				   "\"%s\" is not a name, want letters, digits, _ . -, the first a "
				   "letter or a digit",
				   cni->network);
	return r;
}

int cni_read_config(struct cni *cni, struct err *e)
{
	struct json at;
	int r = json_want_object(&cni->config, e);

	if (r == 0)
		r = read_version(cni, e);
	if (r < 0 || cni->command == CNI_VERSION)
		return r;
	r = read_name(cni, e);
	if (r == 0)
		r = read_members(cni, &cni->config, config_members, e);
	if (r == 0 && json_member(&cni->config, "runtimeConfig", &at))
		r = read_runtime(cni, &at, e); /* last: it wins */
	if (r == 0)
		r = read_arguments(cni, e);
	if (r < 0)
		return r;
	cni->code = CNI_BAD_CONFIG;
	cni->options.mode = NET_BRIDGE;
	cni->options.ifname = cni->ifname;
	cni->options.moving_mac = true; /* plugins behind us may change it */
	/* a cluster's routes lead to the subnets of all its nodes, this one's among them */
	cni->options.routes_known =
		cni->options.subnet.addr.family || cni->options.subnet6.addr.family;
	return net_options_check(&cni->options, e);
}
