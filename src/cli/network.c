/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network - the bridges that containers of this state root use, as a table or as JSON, and removing
 * what is left of them.
 *
 * A network here is a bridge with the leases on it: it comes with the first container and goes with
 * the last, so there is nothing to create.
 */
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/table.h"
#include "tinyrun/net.h"

#define COLUMNS 5

enum { NETWORK_TABLE, NETWORK_JSON };

struct network_args {
	unsigned format;
};

static const struct opt network_opts[] = {OPT_WORD("format", 'f', struct network_args, format,
						   "table|json", "how ls prints (default: table)"),
					  OPT_END};

/* A bridge while its leases, which come in order, are counted. */
struct walk {
	unsigned format;
	bool whole;         /* with the containers */
	const char *wanted; /* NULL: all bridges */
	struct table table;
	struct buf *out;
	char bridge[NET_LINK_NAME]; /* "": none yet */
	struct net_cidr subnet, subnet6;
	size_t containers, ports, bridges;
};

static const char *subnet_text(const struct net_cidr *host, char out[NET_CIDR_TEXT])
{
	struct net_cidr subnet = *host;

	net_cidr_mask(&subnet);
	return net_cidr_text(&subnet, out);
}

static void add_member(struct buf *out, const char *key, const char *value)
{
	buf_addf(out, "\"%s\":", key);
	buf_add_json_str(out, value);
}

static void end_row(struct walk *w)
{
	char subnet[NET_CIDR_TEXT], subnet6[NET_CIDR_TEXT], containers[24], ports[24];

	(void)snprintf(containers, sizeof(containers), "%zu", w->containers);
	(void)snprintf(ports, sizeof(ports), "%zu", w->ports);
	table_row(&w->table, (const char *const[COLUMNS]){
				     w->bridge, subnet_text(&w->subnet, subnet),
				     subnet_text(&w->subnet6, subnet6), containers, ports});
}

static void end_object(struct walk *w)
{
	char text[NET_CIDR_TEXT];

	if (w->whole)
		buf_add_str(w->out, "],");
	add_member(w->out, "bridge", w->bridge);
	buf_add_char(w->out, ',');
	add_member(w->out, "subnet", subnet_text(&w->subnet, text));
	buf_add_char(w->out, ',');
	add_member(w->out, "subnet6", subnet_text(&w->subnet6, text));
	buf_addf(w->out, ",\"containers\":%zu,\"ports\":%zu}", w->containers, w->ports);
}

static void end_bridge(struct walk *w)
{
	if (!w->bridge[0])
		return;
	if (w->format == NETWORK_TABLE)
		end_row(w);
	else
		end_object(w);
}

static void begin_bridge(struct walk *w, const char *name)
{
	end_bridge(w);
	if (w->format == NETWORK_JSON)
		buf_addf(w->out, "%s{%s", w->bridges ? "," : "", w->whole ? "\"leases\":[" : "");
	(void)snprintf(w->bridge, sizeof(w->bridge), "%s", name);
	w->subnet = w->subnet6 = (struct net_cidr){.prefix = 0};
	w->containers = w->ports = 0;
	w->bridges++;
}

static void print_lease(struct walk *w, const struct net_lease *lease)
{
	char text[NET_PORT_TEXT];

	buf_add_str(w->out, w->containers ? ",{" : "{");
	add_member(w->out, "owner", lease->owner);
	buf_add_char(w->out, ',');
	add_member(w->out, "ip", net_cidr_text(&lease->ip, text));
	buf_add_char(w->out, ',');
	add_member(w->out, "ip6", net_cidr_text(&lease->ip6, text));
	buf_add_str(w->out, ",\"ports\":[");
	for (size_t i = 0; i < lease->n_ports; i++) {
		buf_add_str(w->out, i ? "," : "");
		buf_add_json_str(w->out, net_port_text(&lease->ports[i], text));
	}
	buf_add_str(w->out, "]}");
}

static int see_lease(void *arg, const struct net_lease *lease)
{
	struct walk *w = arg;

	if (w->wanted && strcmp(w->wanted, lease->bridge) != 0)
		return 0;
	if (strcmp(w->bridge, lease->bridge) != 0)
		begin_bridge(w, lease->bridge);
	if (w->whole)
		print_lease(w, lease);
	if (lease->ip.addr.family != AF_UNSPEC)
		w->subnet = lease->ip;
	if (lease->ip6.addr.family != AF_UNSPEC)
		w->subnet6 = lease->ip6;
	w->containers++;
	w->ports += lease->n_ports;
	return 0;
}

/* The bridges of the state root, or @w->wanted alone, to the end of the last one. */
static int see_all(const struct runtime *rt, struct walk *w, struct err *e)
{
	auto_net_store struct net_store store = NET_STORE_INIT;
	int r = rt->root_fd < 0 ? NET_E_MISSING : net_store_open(rt->root_fd, false, &store, e);

	if (r == 0)
		r = net_lease_each(&store, see_lease, w, e);
	if (r < 0)
		return r;
	end_bridge(w);
	w->bridge[0] = '\0';
	return 0;
}

/* --- the words --- */

static int network_ls(struct cli *cli, const struct runtime *rt, unsigned format, struct err *e)
{
	static const char *const head[COLUMNS] = {"BRIDGE", "SUBNET", "SUBNET6", "CONTAINERS",
						  "PORTS"};
	auto_buf struct buf out = BUF_INIT;
	struct walk w = {.format = format, .table.columns = COLUMNS, .out = &out};
	int r;

	(void)cli;
	if (format == NETWORK_JSON)
		buf_add_char(&out, '[');
	else
		table_row(&w.table, head);
	r = see_all(rt, &w, e);
	if (r == 0 && format == NETWORK_JSON)
		buf_add_str(&out, "]\n");
	else if (r == 0)
		r = table_print(&w.table, &out, e);
	buf_done(&w.table.cells);
	return r < 0 ? r : cli_output(&out, e);
}

static int refuse_unused(const char *bridge, struct err *e)
{
	return err_user(e, "no container uses a bridge %s; network ls lists those that are used",
			bridge);
}

static int network_inspect(struct cli *cli, const struct runtime *rt, unsigned format,
			   struct err *e)
{
	auto_buf struct buf out = BUF_INIT;
	struct walk w = {.format = NETWORK_JSON, .whole = true, .out = &out};

	(void)format;
	buf_add_char(&out, '[');
	for (int i = 1; i < cli->argc; i++) {
		size_t before = w.bridges;
		int r;

		w.wanted = cli->argv[i];
		r = see_all(rt, &w, e);
		if (r < 0)
			return r;
		if (w.bridges == before)
			return refuse_unused(w.wanted, e);
	}
	buf_add_str(&out, "]\n");
	return cli_output(&out, e);
}

static int network_rm(struct cli *cli, const struct runtime *rt, unsigned format, struct err *e)
{
	int r = 0;

	(void)format;
	for (int i = 1; r == 0 && i < cli->argc; i++)
		r = rt->root_fd < 0 ? refuse_unused(cli->argv[i], e)
				    : net_remove(rt->root_fd, cli->argv[i], e);
	return r;
}

static void tell_pruned(void *arg, const struct net_record *rec)
{
	buf_addf(arg, "%s on %s\n", rec->owner, rec->bridge);
}

static int network_prune(struct cli *cli, const struct runtime *rt, unsigned format, struct err *e)
{
	auto_buf struct buf out = BUF_INIT;
	int r = 0;

	(void)cli;
	(void)format;
	if (rt->root_fd >= 0)
		r = net_prune(rt->root_fd, NULL, tell_pruned, &out, e);
	return r < 0 ? r : cli_output(&out, e);
}

static const struct word {
	const char *name;
	int min, max; /* bridges behind it */
	int (*run)(struct cli *cli, const struct runtime *rt, unsigned format, struct err *e);
} words[] = {
	{"ls", 0, 0, network_ls},
	{"inspect", 1, CLI_ANY, network_inspect},
	{"rm", 1, CLI_ANY, network_rm},
	{"prune", 0, 0, network_prune},
};

static int network_run(struct cli *cli, struct err *e)
{
	struct network_args args = {.format = NETWORK_TABLE};
	auto_runtime struct runtime rt = RUNTIME_INIT;
	int r = cli_open_existing(cli, &args, &rt, e);

	if (r)
		return r;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcmp(cli->argv[0], words[i].name) != 0)
			continue;
		if (cli->argc - 1 < words[i].min || cli->argc - 1 > words[i].max)
			return err_user(e, "%s takes %s", words[i].name,
					words[i].max ? "at least one bridge" : "no argument");
		return words[i].run(cli, &rt, args.format, e);
	}
	return err_user(e, "\"%s\" is not a word of network, want ls, inspect, rm or prune",
			cli->argv[0]);
}

const struct verb verb_network = {
	.name = "network",
	.args = "ls|inspect|rm|prune [BRIDGE...]",
	.help = "list and remove the bridges that containers use",
	.opts = network_opts,
	.min = 1,
	.max = CLI_ANY,
	.run = network_run,
};
