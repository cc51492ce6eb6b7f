/* SPDX-License-Identifier: Apache-2.0 */
/* port - prints which ports of the host lead to a container. */
#include <string.h>

#include "cli/cli.h"
#include "tinyrun/net.h"

enum { PORT_TEXT, PORT_JSON };

struct port_args {
	unsigned format;
};

static const struct opt port_opts[] = {OPT_WORD("format", 'f', struct port_args, format,
						"text|json", "how to print (default: text)"),
				       OPT_END};

struct printer {
	const char *id;
	unsigned format;
	struct buf *out;
};

/* "80/tcp -> 0.0.0.0:8080": one line an address, as one reads it from the container's side. */
static void print_text(const struct net_port *port, struct buf *out)
{
	const char *protocol = port->udp ? "udp" : "tcp";
	char addr[NET_ADDR_TEXT];

	if (port->host.family != AF_INET6)
		buf_addf(out, "%u/%s -> %s:%u\n", port->port, protocol,
			 port->host.family == AF_INET ? net_addr_text(&port->host, addr)
						      : "0.0.0.0",
			 port->host_port);
	if (port->host.family != AF_INET)
		buf_addf(out, "%u/%s -> [%s]:%u\n", port->port, protocol,
			 port->host.family == AF_INET6 ? net_addr_text(&port->host, addr) : "::",
			 port->host_port);
}

static void print_json(const struct net_port *port, struct buf *out)
{
	char addr[NET_ADDR_TEXT];

	if (out->len > 1)
		buf_add_char(out, ',');
	buf_addf(out,
		 "{\"hostIP\":\"%s\",\"hostPort\":%u,\"containerPort\":%u,\"protocol\":\"%s\"}",
		 net_addr_text(&port->host, addr), port->host_port, port->port,
		 port->udp ? "udp" : "tcp");
}

static int print_lease(void *arg, const struct net_lease *lease)
{
	const struct printer *p = arg;

	for (size_t i = 0; strcmp(lease->owner, p->id) == 0 && i < lease->n_ports; i++)
		(p->format == PORT_JSON ? print_json : print_text)(&lease->ports[i], p->out);
	return 0;
}

static int port_run(struct cli *cli, struct err *e)
{
	struct port_args args = {.format = PORT_TEXT};
	auto_runtime struct runtime rt = RUNTIME_INIT;
	auto_net_store struct net_store store = NET_STORE_INIT;
	auto_buf struct buf out = BUF_INIT, state = BUF_INIT;
	struct printer p = {.out = &out};
	int r = cli_open_existing(cli, &args, &rt, e);

	if (r == 0)
		r = container_state(&rt, cli->id, &state, e); /* is there one? */
	if (r)
		return r;
	p.id = cli->id;
	p.format = args.format;
	if (p.format == PORT_JSON)
		buf_add_char(&out, '[');
	r = net_store_open(rt.root_fd, false, &store, e);
	if (r == 0)
		r = net_lease_each(&store, print_lease, &p, e);
	if (p.format == PORT_JSON)
		buf_add_str(&out, "]\n");
	return r < 0 ? r : cli_output(&out, e);
}

const struct verb verb_port = {
	.name = "port",
	.args = "ID",
	.help = "print which ports of the host lead to a container",
	.opts = port_opts,
	.min = 1,
	.max = 1,
	.first_is_id = true,
	.run = port_run,
};
