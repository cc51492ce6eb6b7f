/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns - resolv.conf and hosts of a container.
 *
 * The host's servers are the container's, but for those that listen on the host's loopback
 * interface: behind these stands a local resolver, and where that is systemd's, a file names the
 * servers that it asks itself. No server is made up.
 */
#include "net/dns.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "net/options.h"
#include "tinyrun/fd.h"
#include "tinyrun/log.h"
#include "tinyrun/path.h"

#define RESOLV_CONF "/etc/resolv.conf"
#define UPSTREAM    "/run/systemd/resolve/resolv.conf"
#define TEXT_MAX    ((size_t)64 << 10)
#define BLANK       " \t\r"

/* Cuts the first word off the line at @s, which ends at @end. The word begins at *@s. */
static size_t take_word(const char **s, const char *end)
{
	size_t len;

	*s += strspn(*s, BLANK);
	if (*s > end)
		*s = end;
	len = strcspn(*s, BLANK "\n");
	return len > (size_t)(end - *s) ? (size_t)(end - *s) : len;
}

static bool word_is(const char *s, size_t len, const char *word)
{
	return strlen(word) == len && memcmp(s, word, len) == 0;
}

/* Only this host can ask it: on its loopback interface, or on a link that is named (fe80::1%eth0).
 */
static bool is_out_of_reach(const struct net_addr *a)
{
	return net_addr_is_loopback(a) || net_addr_is_link_local(a) || net_addr_is_any(a);
}

static void add_server(struct buf *out, const struct net_addr *a)
{
	char text[NET_ADDR_TEXT];

	buf_addf(out, "nameserver %s\n", net_addr_text(a, text));
}

/* Adds the servers of the line at @s, if it has one; true when it did. */
static bool copy_server(const char *s, const char *end, struct buf *out)
{
	size_t len = take_word(&s, end);
	char text[NET_ADDR_TEXT];
	struct net_addr a;

	if (!word_is(s, len, "nameserver"))
		return false;
	s += len;
	len = take_word(&s, end);
	if (len >= sizeof(text))
		return false;
	memcpy(text, s, len);
	text[len] = '\0';
	if (!net_addr_read(text, &a) || is_out_of_reach(&a))
		return false;
	add_server(out, &a);
	return true;
}

static size_t copy_servers(const char *text, struct buf *out)
{
	size_t n = 0;

	while (text && *text) {
		const char *end = text + strcspn(text, "\n");

		n += copy_server(text, end, out);
		text = end + (*end ? 1 : 0);
	}
	return n;
}

/* How names are looked up, whomever is asked: search, domain, options. */
static void copy_manners(const char *text, struct buf *out)
{
	while (text && *text) {
		const char *end = text + strcspn(text, "\n"), *s = text;
		size_t len = take_word(&s, end);

		if (word_is(s, len, "search") || word_is(s, len, "domain") ||
		    word_is(s, len, "options")) {
			buf_add(out, s, (size_t)(end - s));
			buf_add_char(out, '\n');
		}
		text = end + (*end ? 1 : 0);
	}
}

bool dns_compose(const struct net_options *o, const char *host, const char *upstream,
		 struct buf *out)
{
	size_t n = o->n_dns;

	for (size_t i = 0; i < o->n_dns; i++)
		add_server(out, &o->dns[i]);
	if (n == 0)
		n = copy_servers(host, out);
	if (n == 0)
		n = copy_servers(upstream, out);
	copy_manners(host, out);
	return n > 0;
}

/* What cannot be read has no servers; why is for those who look for the reason. */
static char *read_text(const char *path)
{
	struct err e = ERR_INIT;
	char *text = NULL, line[ERR_STR_SIZE];
	auto_fd int fd = -1;
	size_t len;
	int r = path_open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK, &fd, &e);

	if (r == 0)
		r = fd_read_all(fd, TEXT_MAX, path, &text, &len, &e);
	if (r < 0)
		log_debug("no name servers from there: %s", err_str(&e, line, sizeof(line)));
	return r < 0 ? NULL : text;
}

int net_resolv_conf(const struct net_options *o, struct buf *out, struct err *e)
{
	auto_free char *host = read_text(RESOLV_CONF);
	auto_free char *upstream = o->n_dns ? NULL : read_text(UPSTREAM);

	if (!dns_compose(o, host, upstream, out))
		log_warning("the host has no name server that a container can reach: give one "
			    "with --dns");
	return buf_check(out, e);
}

static void add_host(struct buf *out, const struct net_addr *addr, const char *name)
{
	char text[NET_ADDR_TEXT];

	if (addr->family != AF_UNSPEC)
		buf_addf(out, "%s\t%s\n", net_addr_text(addr, text), name);
}

int net_hosts(const struct net_options *o, const struct net_record *rec, const char *hostname,
	      struct buf *out, struct err *e)
{
	buf_add_str(out, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
	/* config.json's hostname may be anything; here it has to stay one word of one line */
	if (rec && hostname && *hostname && !hostname[strcspn(hostname, " \t\r\n#")]) {
		add_host(out, &rec->ip.addr, hostname);
		add_host(out, &rec->ip6.addr, hostname);
	}
	for (size_t i = 0; i < o->n_hosts; i++)
		add_host(out, &o->hosts[i].addr, o->hosts[i].name);
	return buf_check(out, e);
}
