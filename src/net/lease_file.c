/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lease_file - the leases as text: for a person with cat, and for us.
 *
 *	tinyrun-leases 1
 *	tinyrun0 web1 - 10.209.0.2/16 fd07:1:2:3::2/64 8080:80/tcp 53:53/udp
 *	tinyrun0 web2 02:00:5e:10:00:01 10.209.0.3/16 -
 *
 * Bridge, owner, the hardware address if one was asked for, addresses, published ports; "-" is
 *none. A file that is not like this is an error: taken for empty, it would hand out addresses
 *twice.
 */
#include "net/lease_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tinyrun/fd.h"
#include "tinyrun/path.h"

#define FILE_NAME  "leases"
#define FILE_MAX   ((size_t)64 << 20)
#define HEAD       "tinyrun-leases 1"
#define FIRST_ROOM 32

enum { WORD_BRIDGE, WORD_OWNER, WORD_MAC, WORD_IP, WORD_IP6, WORDS };

void lease_list_done(struct lease_list *list)
{
	arena_done(&list->arena);
	*list = LEASE_LIST_INIT;
}

static int out_of_memory(struct err *e)
{
	return err_num(e, ENOMEM, "keep the leases");
}

/* --- the list --- */

static int compare(const struct net_lease *a, const struct net_lease *b)
{
	int order = strcmp(a->bridge, b->bridge);

	if (order == 0)
		order = memcmp(a->ip.addr.bytes, b->ip.addr.bytes, sizeof(a->ip.addr.bytes));
	if (order == 0)
		order = memcmp(a->ip6.addr.bytes, b->ip6.addr.bytes, sizeof(a->ip6.addr.bytes));
	return order;
}

static int make_room(struct lease_list *list, struct err *e)
{
	size_t room = list->room ? list->room * 2 : FIRST_ROOM;
	struct lease *v;

	if (list->n < list->room)
		return 0;
	v = arena_alloc(&list->arena, room * sizeof(*v));
	if (!v)
		return out_of_memory(e);
	if (list->n)
		memcpy(v, list->v, list->n * sizeof(*v));
	list->v = v;
	list->room = room;
	return 0;
}

int lease_list_insert(struct lease_list *list, const struct lease *lease, struct err *e)
{
	size_t i = list->n;
	int r = make_room(list, e);

	if (r < 0)
		return r;
	/* from behind, as a file is read in order */
	for (; i > 0 && compare(&list->v[i - 1].as, &lease->as) > 0; i--)
		;
	memmove(&list->v[i + 1], &list->v[i], (list->n - i) * sizeof(*lease));
	list->v[i] = *lease;
	list->n++;
	return 0;
}

void lease_list_remove(struct lease_list *list, size_t i)
{
	list->n--;
	memmove(&list->v[i], &list->v[i + 1], (list->n - i) * sizeof(*list->v));
}

/* --- reading --- */

static bool read_cidr(const char *word, int family, struct net_cidr *ret)
{
	if (strcmp(word, "-") == 0)
		return true;
	return net_cidr_read(word, ret) && ret->addr.family == family;
}

static int read_ports(struct lease_list *list, char *rest, struct net_lease *to, struct err *e)
{
	size_t n = rest ? 1 : 0;
	struct net_port *ports;

	for (const char *c = rest; c && *c; c++)
		n += *c == ' ';
	if (n == 0)
		return 0;
	ports = arena_alloc(&list->arena, n * sizeof(*ports));
	if (!ports)
		return out_of_memory(e);
	for (size_t i = 0; i < n; i++) {
		int r = net_port_parse("port", strsep(&rest, " "), &ports[i], e);

		if (r < 0)
			return r;
	}
	to->ports = ports;
	to->n_ports = n;
	return 0;
}

static int read_lease(struct lease_list *list, char *line, struct err *e)
{
	struct lease lease = {.has_mac = false};
	const char *word[WORDS];
	int r = 0;

	for (size_t i = 0; i < WORDS; i++) {
		word[i] = strsep(&line, " ");
		if (!word[i] || !*word[i])
			return err_user(e, "it has not the %d words of a lease", WORDS);
	}
	lease.as.bridge = arena_strdup(&list->arena, word[WORD_BRIDGE]);
	lease.as.owner = arena_strdup(&list->arena, word[WORD_OWNER]);
	if (!lease.as.bridge || !lease.as.owner)
		return out_of_memory(e);
	if (!net_link_name_is_valid(lease.as.bridge))
		return err_user(e, "\"%s\" is not a bridge", lease.as.bridge);
	if (!read_cidr(word[WORD_IP], AF_INET, &lease.as.ip) ||
	    !read_cidr(word[WORD_IP6], AF_INET6, &lease.as.ip6))
		return err_user(e, "\"%s\" and \"%s\" are not an IPv4 and an IPv6 address",
				word[WORD_IP], word[WORD_IP6]);
	lease.has_mac = strcmp(word[WORD_MAC], "-") != 0;
	if (lease.has_mac)
		r = net_mac_parse("link", word[WORD_MAC], lease.mac, e);
	if (r == 0)
		r = read_ports(list, line, &lease.as, e);
	return r == 0 ? lease_list_insert(list, &lease, e) : r;
}

static int read_lines(struct lease_list *list, char *text, size_t len, unsigned *number,
		      struct err *e)
{
	char *line;

	*number = 1;
	if (strlen(text) != len || len == 0 || text[len - 1] != '\n')
		return err_user(e, "its end is cut off");
	text[len - 1] = '\0';
	line = strsep(&text, "\n");
	if (strcmp(line, HEAD) != 0)
		return err_user(e, "it is not \"" HEAD "\"");
	while ((line = strsep(&text, "\n"))) {
		int r;

		++*number;
		r = read_lease(list, line, e);
		if (r < 0)
			return r;
	}
	return 0;
}

int lease_list_load(const struct net_store *store, struct lease_list *ret, struct err *e)
{
	auto_leases struct lease_list list = LEASE_LIST_INIT;
	auto_free char *text = NULL;
	auto_fd int fd = -1;
	struct err missing = ERR_INIT;
	unsigned line;
	size_t len;
	int r = path_open_beneath(store->fd, FILE_NAME, O_RDONLY | O_NONBLOCK, 0, &fd, &missing);

	if (r == -ENOENT) {
		*ret = LEASE_LIST_INIT;
		return 0;
	}
	if (r < 0) {
		*e = missing;
		return err_wrap(e, "open the leases");
	}
	r = fd_read_all(fd, FILE_MAX, "the leases", &text, &len, e);
	if (r < 0)
		return r;
	r = read_lines(&list, text, len, &line, e);
	if (r < 0)
		return err_wrap(e,
				"line %u of .net/" FILE_NAME
				" in the state root is damaged (remove "
				"the file when no container has a network)",
				line);
	*ret = list;
	list = LEASE_LIST_INIT;
	return 0;
}

/* --- writing --- */

void lease_list_tidy(int fd)
{
	path_unstage(fd, FILE_NAME);
}

static void write_word(struct buf *out, const char *text)
{
	buf_add_char(out, ' ');
	buf_add_str(out, *text ? text : "-");
}

static void write_lease(const struct lease *lease, struct buf *out)
{
	const uint8_t *m = lease->mac;
	char text[NET_PORT_TEXT];

	buf_addf(out, "%s %s", lease->as.bridge, lease->as.owner);
	(void)snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3],
		       m[4], m[5]);
	write_word(out, lease->has_mac ? text : "");
	write_word(out, net_cidr_text(&lease->as.ip, text));
	write_word(out, net_cidr_text(&lease->as.ip6, text));
	for (size_t i = 0; i < lease->as.n_ports; i++)
		write_word(out, net_port_text(&lease->as.ports[i], text));
	buf_add_char(out, '\n');
}

int lease_list_save(const struct net_store *store, const struct lease_list *list, struct err *e)
{
	auto_buf struct buf out = BUF_INIT;
	int r;

	if (list->n == 0) {
		if (unlinkat(store->fd, FILE_NAME, 0) < 0 && errno != ENOENT)
			return err_sys(e, "remove the leases");
		return 0;
	}
	buf_add_str(&out, HEAD "\n");
	for (size_t i = 0; i < list->n; i++)
		write_lease(&list->v[i], &out);
	r = buf_check(&out, e);
	if (r == 0)
		r = path_replace(store->fd, FILE_NAME, out.data, out.len, 0600, true, e);
	return r < 0 ? err_wrap(e, "write the leases") : 0;
}
