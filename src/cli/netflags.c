/* SPDX-License-Identifier: Apache-2.0 */
/* netflags - the options of a container's network, from words to types. */
#include "cli/netflags.h"

void netflags_done(struct netflags *flags)
{
	opt_list_done(&flags->publish);
	opt_list_done(&flags->subnet);
	opt_list_done(&flags->dns);
	opt_list_done(&flags->add_host);
	net_options_done(&flags->asked);
}

static int set(struct net_options *net, const char *name, const char *value, bool *any,
	       struct err *e)
{
	if (!value)
		return 0;
	*any = true;
	return net_options_set(net, name, value, e);
}

int netflags_read(struct netflags *flags, struct net_options **ret, struct err *e)
{
	const struct {
		const char *name, *value;
	} texts[] = {{"network", flags->network}, {"bridge", flags->bridge}, {"ip", flags->ip},
		     {"ip6", flags->ip6},         {"mac", flags->mac},       {"mtu", flags->mtu}};
	const struct {
		const char *name;
		const struct opt_list *list;
	} lists[] = {{"subnet", &flags->subnet},
		     {"publish", &flags->publish},
		     {"dns", &flags->dns},
		     {"add-host", &flags->add_host}};
	bool any = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(texts) / sizeof(*texts); i++)
		r = set(&flags->asked, texts[i].name, texts[i].value, &any, e);
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		for (size_t j = 0; r == 0 && j < lists[i].list->n; j++)
			r = set(&flags->asked, lists[i].name, lists[i].list->v[j], &any, e);
	if (r == 0)
		*ret = any ? &flags->asked : NULL;
	return r;
}
