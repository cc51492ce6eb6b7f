/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options - what was asked of the network, from text to types.
 *
 * An option of the command line and an annotation are the same thing by two names, so one table
 * has both; a message begins with the name that the user wrote. Nothing here looks at the machine:
 * whether an address is free or a port is in use is asked by others.
 */
#include "net/options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tinyrun/str.h"

#define PREFIX       "org.tinyrun.network."
#define BRIDGE_MAX   (NET_LINK_NAME - 1)
#define HOSTNAME_MAX 253
#define MTU_MIN      68   /* RFC 791 */
#define MTU_IPV6     1280 /* RFC 8200: with less there is no IPv6 */
#define MTU_MAX      65535

static const char digits_letters[] =
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/* --- one value --- */

/* Letters, digits and @others; the first a letter or a digit. */
static bool name_is_made_of(const char *name, const char *others)
{
	if (strspn(name, digits_letters) == 0)
		return false;
	while (*name && (strchr(digits_letters, *name) || strchr(others, *name)))
		name++;
	return *name == '\0';
}

int net_mac_parse(const char *where, const char *text, uint8_t ret[6], struct err *e)
{
	static const char form[] = "xx:xx:xx:xx:xx:xx";
	static const uint8_t zero[6];
	uint8_t mac[6] = {0};
	bool ok = strlen(text) == strlen(form);

	for (size_t i = 0; ok && form[i]; i++) {
		const char *hex = "0123456789abcdef0123456789ABCDEF";
		const char *digit = strchr(hex, text[i]);

		ok = form[i] == ':' ? text[i] == ':' : digit != NULL;
		if (ok && form[i] != ':')
			mac[i / 3] = (uint8_t)((unsigned)mac[i / 3] << 4 |
					       (unsigned)((digit - hex) % 16));
	}
	if (!ok)
		return err_user(e,
				"%s: \"%s\" is not a hardware address, want six pairs of "
				"hexadecimal digits such as 02:00:5e:10:00:01",
				where, text);
	if ((mac[0] & 1) || memcmp(mac, zero, 6) == 0)
		return err_user(e,
				"%s: \"%s\" is not the address of one machine, want an even "
				"first pair and not all 0",
				where, text);
	memcpy(ret, mac, 6);
	return 0;
}

int net_mtu_parse(const char *where, const char *text, unsigned *ret, struct err *e)
{
	uint64_t mtu;

	if (str_to_u64(text, MTU_MAX, &mtu) < 0 || mtu < MTU_MIN)
		return err_user(e, "%s: the MTU is \"%s\", want a number from %d to %d", where,
				text, MTU_MIN, MTU_MAX);
	*ret = (unsigned)mtu;
	return 0;
}

bool net_link_name_is_valid(const char *name)
{
	size_t len = strlen(name);

	/* '%' is left out too: the kernel would take %d as a pattern */
	return len >= 1 && len <= BRIDGE_MAX && name_is_made_of(name, "._-");
}

int net_bridge_parse(const char *where, const char *text, char ret[NET_LINK_NAME], struct err *e)
{
	if (!net_link_name_is_valid(text))
		return err_user(e,
				"%s: the bridge's name is \"%s\" (%zu characters), want 1 to %d of "
				"A-Z a-z 0-9 . _ -, the first a letter or a digit",
				where, text, strlen(text), BRIDGE_MAX);
	(void)snprintf(ret, NET_LINK_NAME, "%s", text);
	return 0;
}

static int take_host(const char *where, const char *text, struct net_options *o,
		     struct net_host *ret, struct err *e)
{
	const char *colon = strchr(text, ':');
	char *name = colon ? arena_printf(&o->arena, "%.*s", (int)(colon - text), text) : NULL;
	const char *addr = colon ? colon + 1 : "";
	size_t len = strlen(addr);

	if (colon && !name)
		return err_num(e, ENOMEM, "read %s", where);
	if (!colon || strlen(name) > HOSTNAME_MAX || !name_is_made_of(name, ".-_"))
		return err_user(e,
				"%s: \"%s\" is not NAME:ADDRESS, want a name of A-Z a-z 0-9 . _ "
				"- and an IPv4 or IPv6 address",
				where, text);
	if (len > 2 && addr[0] == '[' && addr[len - 1] == ']')
		addr = arena_printf(&o->arena, "%.*s", (int)len - 2, addr + 1);
	if (!addr)
		return err_num(e, ENOMEM, "read %s", where);
	ret->name = name;
	return net_addr_parse(where, addr, AF_UNSPEC, &ret->addr, e);
}

/* A subnet that containers can live in: room for a gateway and one of them. */
static int check_subnet(const char *where, const char *text, const struct net_cidr *c,
			struct err *e)
{
	unsigned min = c->addr.family == AF_INET ? 8 : 16;
	unsigned max = c->addr.family == AF_INET ? 30 : 126;

	if (c->prefix < min || c->prefix > max)
		return err_user(e, "%s: \"%s\" has %u bits, want %u to %u", where, text, c->prefix,
				min, max);
	if (net_addr_is_any(&c->addr) || net_addr_is_loopback(&c->addr) ||
	    net_addr_is_link_local(&c->addr) || net_addr_is_many(&c->addr))
		return err_user(e, "%s: \"%s\" has no addresses for machines", where, text);
	return 0;
}

/* --- the table --- */

static int set_mode(struct net_options *o, const char *where, const char *text, struct err *e)
{
	static const struct {
		const char *name;
		enum net_mode mode;
	} modes[] = {{"bridge", NET_BRIDGE}, {"none", NET_NONE}, {"host", NET_HOST}};

	o->mode = NET_UNSET;
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (strcmp(text, modes[i].name) == 0)
			o->mode = modes[i].mode;
	if (o->mode != NET_UNSET)
		return 0;
	if (text[0] != '/')
		return err_user(e,
				"%s: \"%s\" is not a network, want bridge, none, host or the "
				"path of a network namespace",
				where, text);
	o->mode = NET_PATH;
	o->path = arena_strdup(&o->arena, text);
	return o->path ? 0 : err_num(e, ENOMEM, "read %s", where);
}

static int set_bridge(struct net_options *o, const char *where, const char *text, struct err *e)
{
	return net_bridge_parse(where, text, o->bridge, e);
}

static int set_subnet(struct net_options *o, const char *where, const char *text, struct err *e)
{
	struct net_cidr c = {.prefix = 0};
	struct net_cidr *to;
	int r = net_cidr_parse(where, text, &c, e);

	if (r == 0)
		r = check_subnet(where, text, &c, e);
	if (r < 0)
		return r;
	to = c.addr.family == AF_INET ? &o->subnet : &o->subnet6;
	if (to->addr.family != AF_UNSPEC)
		return err_user(e, "%s: \"%s\" is a second %s subnet, want one of each family",
				where, text, net_family_name(c.addr.family));
	*to = c;
	return 0;
}

static int set_ip(struct net_options *o, const char *where, const char *text, struct err *e)
{
	return net_addr_parse(where, text, AF_INET, &o->ip, e);
}

static int set_ip6(struct net_options *o, const char *where, const char *text, struct err *e)
{
	return net_addr_parse(where, text, AF_INET6, &o->ip6, e);
}

static int set_mac(struct net_options *o, const char *where, const char *text, struct err *e)
{
	int r = net_mac_parse(where, text, o->mac, e);

	o->has_mac = r == 0;
	return r;
}

static int set_mtu(struct net_options *o, const char *where, const char *text, struct err *e)
{
	return net_mtu_parse(where, text, &o->mtu, e);
}

/* Room for one more in a list of up to @max, all of which is there from the first on. */
static int make_room(struct net_options *o, void **list, size_t n, size_t max, size_t size,
		     const char *where, struct err *e)
{
	if (n == max)
		return err_user(e, "%s is given more than %zu times", where, max);
	if (!*list)
		*list = arena_alloc(&o->arena, max * size);
	return *list ? 0 : err_num(e, ENOMEM, "read %s", where);
}

static int add_port(struct net_options *o, const char *where, const char *text, struct err *e)
{
	struct net_port p;
	int r = net_port_parse(where, text, &p, e);

	for (size_t i = 0; r == 0 && i < o->n_ports; i++)
		if (net_port_overlap(&p, &o->ports[i]))
			return err_user(e, "%s: \"%s\" takes a port of the host twice", where,
					text);
	if (r == 0)
		r = make_room(o, (void **)&o->ports, o->n_ports, NET_PORTS_MAX, sizeof(p), where,
			      e);
	if (r == 0)
		o->ports[o->n_ports++] = p;
	return r;
}

static int add_dns(struct net_options *o, const char *where, const char *text, struct err *e)
{
	struct net_addr a;
	int r = net_addr_parse(where, text, AF_UNSPEC, &a, e);

	if (r == 0 && net_addr_is_loopback(&a))
		return err_user(e,
				"%s: \"%s\" is the container's own loopback, want a server that "
				"it can reach",
				where, text);
	if (r == 0)
		r = make_room(o, (void **)&o->dns, o->n_dns, NET_DNS_MAX, sizeof(a), where, e);
	if (r == 0)
		o->dns[o->n_dns++] = a;
	return r;
}

static int add_host(struct net_options *o, const char *where, const char *text, struct err *e)
{
	struct net_host h;
	int r = take_host(where, text, o, &h, e);

	if (r == 0)
		r = make_room(o, (void **)&o->hosts, o->n_hosts, NET_HOSTS_MAX, sizeof(h), where,
			      e);
	if (r == 0)
		o->hosts[o->n_hosts++] = h;
	return r;
}

static const struct setting {
	char name[12]; /* the option; an annotation has the same name, or else */
	char key[6];   /* this one */
	bool list;     /* may be given several times */
	int (*set)(struct net_options *o, const char *where, const char *text, struct err *e);
} settings[] = {
	{"network", "mode", false, set_mode}, {"bridge", "", false, set_bridge},
	{"subnet", "", true, set_subnet},     {"ip", "", false, set_ip},
	{"ip6", "", false, set_ip6},          {"mac", "", false, set_mac},
	{"mtu", "", false, set_mtu},          {"publish", "", true, add_port},
	{"dns", "", true, add_dns},           {"add-host", "", true, add_host},
};

#define N_SETTINGS (sizeof(settings) / sizeof(*settings))

static const char *setting_key(size_t i)
{
	return settings[i].key[0] ? settings[i].key : settings[i].name;
}

static size_t find_option(const char *name)
{
	size_t i = 0;

	while (i < N_SETTINGS && strcmp(settings[i].name, name) != 0)
		i++;
	return i;
}

static size_t find_key(const char *key)
{
	size_t i = 0;

	while (i < N_SETTINGS && strcmp(setting_key(i), key) != 0)
		i++;
	return i;
}

void net_options_done(struct net_options *o)
{
	arena_done(&o->arena);
	*o = NET_OPTIONS_INIT;
}

int net_options_set(struct net_options *o, const char *name, const char *value, struct err *e)
{
	size_t i = find_option(name);
	char where[16];

	if (i == N_SETTINGS)
		return err_user(e, "there is no option --%s of the network", name);
	(void)snprintf(where, sizeof(where), "--%s", name);
	o->set |= 1U << i;
	o->closed |= 1U << i;
	return settings[i].set(o, where, value, e);
}

/* The values of a list, one by one. */
static int set_each(struct net_options *o, const struct setting *s, const char *where,
		    const char *value, struct err *e)
{
	int r = 0;

	while (r == 0 && value) {
		size_t len = strcspn(value, ",");
		char *one = arena_printf(&o->arena, "%.*s", (int)len, value);

		if (!one)
			return err_num(e, ENOMEM, "read %s", where);
		r = s->set(o, where, one, e);
		value = value[len] ? value + len + 1 : NULL;
	}
	return r;
}

static int refuse_annotation(const char *key, struct err *e)
{
	auto_buf struct buf names = BUF_INIT;

	for (size_t i = 0; i < N_SETTINGS; i++)
		buf_addf(&names, "%s%s", i ? ", " : "", setting_key(i));
	return err_user(
		e, "annotations[\"%s\"]: there is no such setting, want " PREFIX " and one of %s",
		key, names.data ? names.data : "");
}

int net_options_annotate(struct net_options *o, const char *key, const char *value, struct err *e)
{
	char where[80];
	size_t i;

	if (!str_starts(key, PREFIX))
		return 0;
	i = find_key(key + strlen(PREFIX));
	if (i == N_SETTINGS)
		return refuse_annotation(key, e);
	if (o->closed & 1U << i)
		return 0;
	o->set |= 1U << i;
	(void)snprintf(where, sizeof(where), "annotations[\"%s\"]", key);
	return settings[i].list ? set_each(o, &settings[i], where, value, e)
				: settings[i].set(o, where, value, e);
}

/* --- together --- */

static int check_in_subnet(const char *name, const struct net_addr *a, const struct net_cidr *c,
			   struct err *e)
{
	char addr[NET_ADDR_TEXT], subnet[NET_CIDR_TEXT];

	if (a->family == AF_UNSPEC || c->addr.family == AF_UNSPEC || net_cidr_has(c, a))
		return 0;
	return err_user(e, "--%s: %s is not in the subnet %s", name, net_addr_text(a, addr),
			net_cidr_text(c, subnet));
}

static int check_mode(struct net_options *o, struct err *e)
{
	unsigned others = o->set & ~(1U << find_option("network"));
	size_t i = 0;

	if (!others || o->mode == NET_BRIDGE)
		return 0;
	if (o->mode == NET_UNSET) {
		o->mode = NET_BRIDGE;
		return 0;
	}
	while (!(others & 1U << i))
		i++;
	return err_user(e, "--%s is for --network bridge, and another network was asked for",
			settings[i].name);
}

int net_options_check(struct net_options *o, struct err *e)
{
	int r = check_mode(o, e);

	if (r == 0)
		r = check_in_subnet("ip", &o->ip, &o->subnet, e);
	if (r == 0)
		r = check_in_subnet("ip6", &o->ip6, &o->subnet6, e);
	if (r == 0 && o->mtu && o->mtu < MTU_IPV6 &&
	    (o->ip6.family != AF_UNSPEC || o->subnet6.addr.family != AF_UNSPEC))
		return err_user(e, "--mtu: IPv6 needs at least %d, and %u was asked for", MTU_IPV6,
				o->mtu);
	return r;
}
