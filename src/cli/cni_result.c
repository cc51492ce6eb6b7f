/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cni_result - what an engine is answered: a result, our versions.
 *
 * In a chain what plugins before us have made (prevResult) goes first, as it came.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "cli/cni.h"

/* Up to 0.4.0 an address says which IP it is. */
static bool says_ip_version(const struct cni *cni)
{
	return cni->version[0] == '0';
}

static void add_key(struct buf *out, const char *key)
{
	buf_addf(out, ",\"%s\":", key);
}

/* The elements of prevResult's list @key, with a comma behind each; returns how many. */
static size_t add_previous(const struct cni *cni, const char *key, struct buf *out)
{
	struct json previous, list, it = {.doc = NULL};
	size_t n = 0;

	if (!json_member(&cni->config, "prevResult", &previous) ||
	    !json_member(&previous, key, &list))
		return 0;
	for (; json_next(&list, &it); n++) {
		size_t len;
		const char *text = json_text(&it, &len);

		buf_add(out, text, len);
		buf_add_char(out, ',');
	}
	return n;
}

static void add_interface(const struct cni *cni, const char *name, const uint8_t *mac, unsigned mtu,
			  const char *sandbox, struct buf *out)
{
	buf_add_str(out, "{\"name\":");
	buf_add_json_str(out, name);
	if (mac)
		buf_addf(out, ",\"mac\":\"%02x:%02x:%02x:%02x:%02x:%02x\"", mac[0], mac[1], mac[2],
			 mac[3], mac[4], mac[5]);
	if (mtu && strcmp(cni->version, "1.1.0") == 0)
		buf_addf(out, ",\"mtu\":%u", mtu);
	if (sandbox) {
		add_key(out, "sandbox");
		buf_add_json_str(out, sandbox);
	}
	buf_add_char(out, '}');
}

static void add_link(const struct cni *cni, const char *name, unsigned mtu, struct buf *out)
{
	uint8_t mac[6];

	add_interface(cni, name, net_link_mac(name, mac) ? mac : NULL, mtu, NULL, out);
	buf_add_char(out, ',');
}

static void add_ip(const struct cni *cni, const struct net_cidr *ip, const struct net_addr *gw,
		   size_t interface, bool comma, struct buf *out)
{
	char addr[NET_CIDR_TEXT], gateway[NET_ADDR_TEXT];

	buf_addf(out, "%s{", comma ? "," : "");
	if (says_ip_version(cni))
		buf_addf(out, "\"version\":\"%d\",", ip->addr.family == AF_INET ? 4 : 6);
	buf_addf(out, "\"address\":\"%s\",\"gateway\":\"%s\",\"interface\":%zu}",
		 net_cidr_text(ip, addr), net_addr_text(gw, gateway), interface);
}

static void add_route(const struct net_addr *gw, bool comma, struct buf *out)
{
	char gateway[NET_ADDR_TEXT];

	buf_addf(out, "%s{\"dst\":\"%s\",\"gw\":\"%s\"}", comma ? "," : "",
		 gw->family == AF_INET ? "0.0.0.0/0" : "::/0", net_addr_text(gw, gateway));
}

/* Ours, else what plugins before us have said. */
static void add_dns(const struct cni *cni, struct buf *out)
{
	struct json previous, dns;
	size_t len = cni->dns.len;
	const char *text = cni->dns.data;

	if (!text && json_member(&cni->config, "prevResult", &previous) &&
	    json_member(&previous, "dns", &dns))
		text = json_text(&dns, &len);
	add_key(out, "dns");
	buf_add(out, text ? text : "{}", text ? len : 2);
}

void cni_result(const struct cni *cni, const struct net_record *rec, struct buf *out)
{
	bool v4 = rec->ip.addr.family != AF_UNSPEC, v6 = rec->ip6.addr.family != AF_UNSPEC;
	size_t interface;

	buf_addf(out, "{\"cniVersion\":\"%s\"", cni->version);
	add_key(out, "interfaces");
	buf_add_char(out, '[');
	interface = add_previous(cni, "interfaces", out) + 2;
	add_link(cni, rec->bridge, rec->mtu, out);
	add_link(cni, rec->veth, rec->mtu, out);
	add_interface(cni, rec->ifname, rec->mac, rec->mtu, cni->netns, out);
	buf_add_char(out, ']');
	add_key(out, "ips");
	buf_add_char(out, '[');
	(void)add_previous(cni, "ips", out);
	if (v4)
		add_ip(cni, &rec->ip, &rec->gw, interface, false, out);
	if (v6)
		add_ip(cni, &rec->ip6, &rec->gw6, interface, v4, out);
	buf_add_char(out, ']');
	add_key(out, "routes");
	buf_add_char(out, '[');
	(void)add_previous(cni, "routes", out);
	if (v4)
		add_route(&rec->gw, false, out);
	if (v6)
		add_route(&rec->gw6, v4, out);
	buf_add_char(out, ']');
	add_dns(cni, out);
	buf_add_str(out, "}\n");
}

void cni_version(const struct cni *cni, struct buf *out)
{
	buf_addf(out, "{\"cniVersion\":\"%s\",\"supportedVersions\":[",
		 cni->version ? cni->version : "1.1.0");
	for (const char *const *version = cni_versions; *version; version++)
		buf_addf(out, "%s\"%s\"", version == cni_versions ? "" : ",", *version);
	buf_add_str(out, "]}\n");
}

/* --- CHECK --- */

static int compare_interface(struct cni *cni, const struct json *previous,
			     const struct net_record *rec, struct err *e)
{
	struct json list, it = {.doc = NULL};
	int r = json_need(previous, "interfaces", "what ADD has answered", &list, e);

	while (r == 0 && json_next(&list, &it)) {
		const char *name = "", *sandbox = "";

		r = json_get_str(&it, "name", &name, e);
		if (r == 0)
			r = json_get_str(&it, "sandbox", &sandbox, e);
		if (r == 0 && strcmp(name, rec->ifname) == 0 && *sandbox)
			return 0;
	}
	if (r < 0)
		return r;
	cni->code = CNI_NOT_AS_MADE;
	return json_refuse(&list, e, "%s of the container is not among them", rec->ifname);
}

static int compare_ip(struct cni *cni, const struct json *previous, const struct net_cidr *ip,
		      struct err *e)
{
	struct json list, it = {.doc = NULL};
	char want[NET_CIDR_TEXT];
	int r;

	if (ip->addr.family == AF_UNSPEC)
		return 0;
	(void)net_cidr_text(ip, want);
	r = json_need(previous, "ips", "what ADD has answered", &list, e);
	while (r == 0 && json_next(&list, &it)) {
		const char *address = "";

		r = json_get_str(&it, "address", &address, e);
		if (r == 0 && strcmp(address, want) == 0)
			return 0;
	}
	if (r < 0)
		return r;
	cni->code = CNI_NOT_AS_MADE;
	return json_refuse(&list, e, "%s is not among them", want);
}

int cni_compare(struct cni *cni, const struct net_record *rec, struct err *e)
{
	struct json previous;
	int r;

	cni->code = CNI_BAD_CONFIG;
	r = json_need(&cni->config, "prevResult", "what ADD has answered", &previous, e);
	if (r == 0)
		r = compare_interface(cni, &previous, rec, e);
	if (r == 0)
		r = compare_ip(cni, &previous, &rec->ip, e);
	if (r == 0)
		r = compare_ip(cni, &previous, &rec->ip6, e);
	return r;
}
