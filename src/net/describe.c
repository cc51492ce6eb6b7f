/* SPDX-License-Identifier: Apache-2.0 */
/* describe - what net_prepare() and net_attach() do, in words, for `tinyrun plan`. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "net/options.h"
#include "tinyrun/net.h"

struct telling {
	int (*each)(void *arg, const char *sentence);
	void *arg;
	int r;
};

static void __attribute__((format(printf, 2, 3))) tell(struct telling *t, const char *fmt, ...)
{
	char text[256];
	va_list args;

	if (t->r)
		return;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	t->r = t->each(t->arg, text);
}

static void tell_lease(struct telling *t, const struct net_options *o, const char *bridge)
{
	char four[NET_ADDR_TEXT], six[NET_ADDR_TEXT];

	tell(t, "lease %s%s%s on %s", o->ip.family ? net_addr_text(&o->ip, four) : "an address",
	     o->ip6.family ? " and " : "", net_addr_text(&o->ip6, six), bridge);
}

static void tell_bridge(struct telling *t, const struct net_options *o, const char *bridge)
{
	char four[NET_CIDR_TEXT] = "", six[NET_CIDR_TEXT] = "";

	if (o->subnet.addr.family)
		(void)net_cidr_text(&o->subnet, four);
	if (o->subnet6.addr.family)
		(void)net_cidr_text(&o->subnet6, six);
	tell(t, "make the bridge %s, if it is not there%s%s%s%s", bridge, *four || *six ? ": " : "",
	     four, *four && *six ? " " : "", six);
}

int net_describe(const struct net_options *o, int (*each)(void *arg, const char *sentence),
		 void *arg)
{
	struct telling t = {.each = each, .arg = arg};
	const char *bridge = o->bridge[0] ? o->bridge : NET_BRIDGE_NAME;
	const char *ifname = o->ifname ? o->ifname : "eth0";
	char text[NET_PORT_TEXT];

	if (o->mode != NET_BRIDGE)
		return 0;
	tell_lease(&t, o, bridge);
	tell_bridge(&t, o, bridge);
	tell(&t, "forward packets of %s, behind the addresses of the host", bridge);
	for (size_t i = 0; i < o->n_ports; i++)
		tell(&t, "publish the port %s", net_port_text(&o->ports[i], text));
	tell(&t, "make a veth pair: a port of %s, and %s in the container", bridge, ifname);
	tell(&t, "give %s its addresses and default routes", ifname);
	return t.r;
}
