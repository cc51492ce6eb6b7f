/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings - the values of /proc/sys that a container's network needs.
 *
 * What was there before is written into the kernel itself, as an element of a set in our table with
 * the comment "PATH WAS NOW", in the transaction that comes before the change. So it outlives
 * whoever made the change, is the same for every state root, and goes when the table goes. The
 * rule: the last bridge's removal puts a value back if it is still what we made it; a table that
 * somebody flushed meanwhile has taken that knowledge with it, and the value then stays.
 */
#include "net/firewall.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "net/name.h"
#include "net/options.h"
#include "net/sysctl.h"
#include "tinyrun/log.h"
#include "tinyrun/str.h"

/* Notes that @path has to be @now; nothing when it is, or does not exist. */
static int want(struct settings *s, const char *path, const char *now, bool kept, struct err *e)
{
	struct setting *one = &s->v[s->n];
	int r;

	if (s->n == SETTINGS_MAX)
		return err_num(e, E2BIG, "change /proc/sys/%s", path);
	r = sysctl_read(path, one->was, sizeof(one->was), e);
	if (r == SYSCTL_E_MISSING || (r == 0 && strcmp(one->was, now) == 0))
		return 0;
	if (r < 0)
		return r;
	(void)snprintf(one->path, sizeof(one->path), "%s", path);
	(void)snprintf(one->now, sizeof(one->now), "%s", now);
	one->kept = kept;
	s->n++;
	return 0;
}

/* A packet from 127.0.0.1 leaves by the bridge only where that is allowed. */
static bool publishes_on_loopback(const struct net_record *rec)
{
	for (size_t i = 0; i < rec->n_ports; i++) {
		const struct net_addr *host = &rec->ports[i].host;

		if (host->family == AF_UNSPEC ||
		    (host->family == AF_INET &&
		     (net_addr_is_any(host) || net_addr_is_loopback(host))))
			return rec->ip.addr.family == AF_INET;
	}
	return false;
}

int settings_find(const struct net_record *rec, bool ours, struct settings *ret, struct err *e)
{
	char path[SETTING_PATH];
	int r = 0;

	ret->n = 0;
	if (rec->ip.addr.family)
		r = want(ret, "net/ipv4/ip_forward", "1", true, e);
	if (r == 0 && rec->ip6.addr.family)
		r = want(ret, "net/ipv6/conf/all/forwarding", "1", true, e);
	(void)snprintf(path, sizeof(path), "net/ipv4/conf/%s/route_localnet", rec->bridge);
	if (r == 0 && publishes_on_loopback(rec))
		r = want(ret, path, "1", !ours, e);
	return r;
}

static void key_of(const char *path, struct nft_element *el)
{
	uint32_t key = name_hash(path);

	memcpy(el->key, &key, sizeof(key));
}

void settings_put(struct nl_batch *b, const struct settings *settings)
{
	for (size_t i = 0; i < settings->n; i++) {
		const struct setting *s = &settings->v[i];
		char comment[NFT_COMMENT];
		struct nft_element el = {.comment = comment};

		if (!s->kept)
			continue;
		(void)snprintf(comment, sizeof(comment), "%s %s %s", s->path, s->was, s->now);
		key_of(s->path, &el);
		/* it may be there: set back by others, and now wanted again */
		nft_put_elements_again(b, &firewall_settings, &el, 1);
	}
}

int settings_apply(const struct settings *settings, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < settings->n; i++) {
		const struct setting *s = &settings->v[i];

		r = sysctl_write(s->path, s->now, e);
		if (r == 0)
			log_at(LOG_INFO, "/proc/sys/%s is %s from now on, it was %s; %s", s->path,
			       s->now, s->was,
			       s->kept ? "the last container on a bridge puts it back"
				       : "it goes with the bridge");
	}
	return r;
}

/* --- back --- */

struct restore {
	const char *bridge;
	bool all;
	struct nl_batch *b;
	struct settings *done;
	struct err *e;
};

static bool is_of_link(const char *path, const char *link)
{
	const char *conf = strstr(path, "/conf/");
	size_t len = strlen(link);

	return conf && strncmp(conf + 6, link, len) == 0 && conf[6 + len] == '/';
}

static int put_back(const struct setting *s, struct settings *done, struct err *e)
{
	char is[sizeof(s->now)];
	int r = sysctl_read(s->path, is, sizeof(is), e);

	if (r == SYSCTL_E_MISSING || (r == 0 && strcmp(is, s->now) != 0))
		return 0;
	if (r == 0)
		r = sysctl_write(s->path, s->was, e);
	if (r < 0)
		return r;
	log_at(LOG_INFO, "/proc/sys/%s is %s again", s->path, s->was);
	if (done->n < SETTINGS_MAX)
		done->v[done->n++] = *s;
	return 0;
}

static int restore_one(void *arg, const struct nft_found *element)
{
	const struct restore *restore = arg;
	struct nft_element el = {.comment = NULL};
	struct setting s = {.kept = true};

	/* by whomever it was written: only what is a value of the network below /proc/sys */
	if (sscanf(element->comment, "%79s %7s %7s", s.path, s.was, s.now) != 3 ||
	    !str_starts(s.path, "net/") || strstr(s.path, ".."))
		return 0;
	if (!restore->all && !is_of_link(s.path, restore->bridge))
		return 0;
	memcpy(el.key, element->key, sizeof(el.key));
	nft_put_delete_elements(restore->b, &firewall_settings, &el, 1);
	return put_back(&s, restore->done, restore->e);
}

int settings_restore(struct nl *nft, const char *bridge, bool all, struct nl_batch *b,
		     struct settings *ret_done, struct err *e)
{
	struct restore restore = {.bridge = bridge, .all = all, .b = b, .done = ret_done, .e = e};

	ret_done->n = 0;
	return nft_each_element(nft, &firewall_settings, restore_one, &restore, e);
}
