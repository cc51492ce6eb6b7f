/* SPDX-License-Identifier: Apache-2.0 */
/* record - what is made for one container, as JSON: the intent in its state, and back from it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "net/options.h"
#include "tinyrun/net.h"

void net_record_done(struct net_record *rec)
{
	arena_done(&rec->arena);
	*rec = NET_RECORD_INIT;
}

/* --- out --- */

static void add_text(struct buf *out, const char *key, const char *value)
{
	if (!value[0])
		return;
	buf_addf(out, "%s\"%s\":", out->data[out->len - 1] == '{' ? "" : ",", key);
	buf_add_json_str(out, value);
}

static const char *cidr_text(const struct net_cidr *c, char out[NET_CIDR_TEXT])
{
	out[0] = '\0';
	return c->addr.family ? net_cidr_text(c, out) : out;
}

static void add_ports(struct buf *out, const struct net_record *rec)
{
	char text[NET_PORT_TEXT];

	buf_add_str(out, ",\"ports\":[");
	for (size_t i = 0; i < rec->n_ports; i++) {
		buf_add_str(out, i ? "," : "");
		buf_add_json_str(out, net_port_text(&rec->ports[i], text));
	}
	buf_add_char(out, ']');
}

void net_record_json(const struct net_record *rec, struct buf *out)
{
	char text[NET_CIDR_TEXT], mac[18];

	(void)snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", rec->mac[0], rec->mac[1],
		       rec->mac[2], rec->mac[3], rec->mac[4], rec->mac[5]);
	buf_addf(out, "{\"mtu\":%u,\"movingMac\":%s", rec->mtu, rec->moving_mac ? "true" : "false");
	if (out->failed)
		return;
	add_text(out, "owner", rec->owner);
	add_text(out, "bridge", rec->bridge);
	add_text(out, "veth", rec->veth);
	add_text(out, "ifname", rec->ifname);
	add_text(out, "mac", mac);
	add_text(out, "ip", cidr_text(&rec->ip, text));
	add_text(out, "gw", net_addr_text(&rec->gw, text));
	add_text(out, "ip6", cidr_text(&rec->ip6, text));
	add_text(out, "gw6", net_addr_text(&rec->gw6, text));
	add_ports(out, rec);
	buf_add_char(out, '}');
}

/* --- in --- */

/* A member that has to be there, as a text. */
static int need(const struct json *at, const char *key, const char **ret, struct err *e)
{
	struct json member;
	int r = json_need(at, key, "a text", &member, e);

	return r < 0 ? r : json_str(&member, ret, e);
}

static int read_name(const struct json *at, const char *key, char ret[NET_LINK_NAME], struct err *e)
{
	const char *name = NULL;
	int r = need(at, key, &name, e);

	if (r == 0 && !net_link_name_is_valid(name))
		r = json_refuse(at, e, "%s is \"%s\", which is no name of a link", key, name);
	if (r == 0)
		(void)snprintf(ret, NET_LINK_NAME, "%s", name);
	return r;
}

static int read_cidr(const struct json *at, const char *key, int family, struct net_cidr *ret,
		     struct err *e)
{
	const char *text = NULL;
	int r = json_get_str(at, key, &text, e);

	if (r < 0 || !text)
		return r;
	if (!net_cidr_read(text, ret) || ret->addr.family != family)
		return json_refuse(at, e, "%s is \"%s\", want ADDRESS/BITS", key, text);
	return 0;
}

static int read_addr(const struct json *at, const char *key, int family, struct net_addr *ret,
		     struct err *e)
{
	const char *text = NULL;
	int r = json_get_str(at, key, &text, e);

	if (r < 0 || !text)
		return r;
	if (!net_addr_read(text, ret) || ret->family != family)
		return json_refuse(at, e, "%s is \"%s\", want an address", key, text);
	return 0;
}

static int read_addresses(const struct json *at, struct net_record *rec, struct err *e)
{
	int r = read_cidr(at, "ip", AF_INET, &rec->ip, e);

	if (r == 0)
		r = read_cidr(at, "ip6", AF_INET6, &rec->ip6, e);
	if (r == 0)
		r = read_addr(at, "gw", AF_INET, &rec->gw, e);
	if (r == 0)
		r = read_addr(at, "gw6", AF_INET6, &rec->gw6, e);
	return r;
}

static int read_ports(const struct json *at, struct net_record *rec, struct err *e)
{
	struct json list, it = {.doc = NULL};
	int r = json_need(at, "ports", "an array", &list, e);

	if (r == 0)
		r = json_want_array(&list, e);
	if (r < 0)
		return r;
	rec->ports = arena_alloc(&rec->arena, (json_count(&list) + 1) * sizeof(*rec->ports));
	if (!rec->ports)
		return err_num(e, ENOMEM, "read the network's record");
	while (r == 0 && json_next(&list, &it)) {
		const char *text = NULL;

		r = json_str(&it, &text, e);
		if (r == 0)
			r = net_port_parse("ports", text, &rec->ports[rec->n_ports], e);
		if (r == 0)
			rec->n_ports++;
	}
	return r;
}

static int read_rest(const struct json *at, struct net_record *rec, struct err *e)
{
	const char *owner = NULL, *mac = NULL;
	uint32_t mtu = 0;
	int r = need(at, "owner", &owner, e);

	if (r == 0)
		r = need(at, "mac", &mac, e);
	if (r == 0)
		r = net_mac_parse("mac", mac, rec->mac, e);
	if (r == 0)
		r = json_get_u32(at, "mtu", &mtu, e);
	if (r == 0)
		r = json_get_bool(at, "movingMac", &rec->moving_mac, e);
	if (r < 0)
		return r;
	rec->mtu = mtu;
	rec->owner = arena_strdup(&rec->arena, owner);
	return rec->owner ? 0 : err_num(e, ENOMEM, "read the network's record");
}

int net_record_parse(const struct json *at, struct net_record *ret, struct err *e)
{
	auto_net_record struct net_record rec = NET_RECORD_INIT;
	int r = json_want_object(at, e);

	if (r == 0)
		r = read_rest(at, &rec, e);
	if (r == 0)
		r = read_name(at, "bridge", rec.bridge, e);
	if (r == 0)
		r = read_name(at, "veth", rec.veth, e);
	if (r == 0)
		r = read_name(at, "ifname", rec.ifname, e);
	if (r == 0)
		r = read_addresses(at, &rec, e);
	if (r == 0)
		r = read_ports(at, &rec, e);
	if (r < 0)
		return r;
	*ret = rec;
	rec = NET_RECORD_INIT;
	return 0;
}
