/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cni - the commands of the Container Network Interface: bridge, leases, published ports in one
 * plugin.
 *
 * The engine is the one who knows which containers there are: nothing is given back but by DEL and
 * GC. An attachment is written down before it is made, so a DEL after a kill at any point finds it.
 */
#include "cli/cni.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cli/cli.h"
#include "tinyrun/fd.h"
#include "tinyrun/path.h"

#define CONTAINER_MAX 128

/* --- what is asked --- */

enum { NEEDS_CONTAINER = 1, NEEDS_NETNS = 2, NEEDS_IFNAME = 4 };

static int cni_add(struct cni *cni, struct runtime *rt, struct buf *out, struct err *e);
static int cni_del(struct cni *cni, struct runtime *rt, struct buf *out, struct err *e);
static int cni_check(struct cni *cni, struct runtime *rt, struct buf *out, struct err *e);
static int cni_status(struct cni *cni, struct runtime *rt, struct buf *out, struct err *e);
static int cni_gc(struct cni *cni, struct runtime *rt, struct buf *out, struct err *e);

static const struct {
	const char *name;
	unsigned needs;
	enum runtime_root root;
	int (*run)(struct cni *cni, struct runtime *rt, struct buf *out, struct err *e);
} commands[CNI_COMMANDS] = {
	[CNI_ADD] = {"ADD", NEEDS_CONTAINER | NEEDS_NETNS | NEEDS_IFNAME, RUNTIME_ROOT_MAKE,
		     cni_add},
	[CNI_DEL] = {"DEL", NEEDS_CONTAINER | NEEDS_IFNAME, RUNTIME_ROOT_LOOK, cni_del},
	[CNI_CHECK] = {"CHECK", NEEDS_CONTAINER | NEEDS_NETNS | NEEDS_IFNAME, RUNTIME_ROOT_LOOK,
		       cni_check},
	[CNI_STATUS] = {"STATUS", 0, RUNTIME_ROOT_MAKE, cni_status},
	[CNI_GC] = {"GC", 0, RUNTIME_ROOT_LOOK, cni_gc},
	[CNI_VERSION] = {"VERSION", 0, RUNTIME_ROOT_NONE, NULL},
};

static const char *word(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static int check_container(const char *id, struct err *e)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

	if (strlen(id) <= CONTAINER_MAX && strspn(id, letters) == strlen(id) &&
	    !strchr("_.-", id[0]))
		return 0;
	return err_user(e,
			"CNI_CONTAINERID is \"%s\", want 1 to %d letters, digits, _ . -, the first "
			"a letter or a digit",
			id, CONTAINER_MAX);
}

static int check_ifname(const char *name, struct err *e)
{
	if (net_link_name_is_valid(name))
		return 0;
	return err_user(e,
			"CNI_IFNAME is \"%s\", want 1 to %d letters, digits, . _ -, the first a "
			"letter or a digit",
			name, NET_LINK_NAME - 1);
}

static int read_environment(struct cni *cni, struct err *e)
{
	const struct {
		const char *name, **to;
		unsigned need;
	} words[] = {{"CNI_CONTAINERID", &cni->container, NEEDS_CONTAINER},
		     {"CNI_NETNS", &cni->netns, NEEDS_NETNS},
		     {"CNI_IFNAME", &cni->ifname, NEEDS_IFNAME},
		     {"CNI_ARGS", &cni->args, 0}};
	const char *command = word("CNI_COMMAND");
	int i = 0;

	cni->code = CNI_BAD_ENVIRONMENT;
	while (i < CNI_COMMANDS && strcmp(commands[i].name, command) != 0)
		i++;
	if (i == CNI_COMMANDS)
		return err_user(e,
				"CNI_COMMAND is \"%s\", want ADD, DEL, CHECK, STATUS, GC or "
				"VERSION",
				command);
	cni->command = (enum cni_command)i;
	for (size_t k = 0; k < sizeof(words) / sizeof(*words); k++) {
		*words[k].to = word(words[k].name);
		if ((commands[i].needs & words[k].need) && !*words[k].to)
			return err_user(e, "%s is missing, and %s needs it", words[k].name,
					command);
	}
	if (cni->container && check_container(cni->container, e) < 0)
		return -EINVAL;
	return cni->ifname ? check_ifname(cni->ifname, e) : 0;
}

static int read_input(struct cni *cni, struct err *e)
{
	auto_free char *text = NULL;
	size_t len = 0;
	int r;

	cni->code = CNI_IO;
	r = fd_read_all(STDIN_FILENO, JSON_MAX_SIZE, "standard input", &text, &len, e);
	if (r < 0)
		return r;
	cni->code = CNI_BAD_JSON;
	r = json_parse(text, len, "configuration", &cni->doc, e);
	if (r < 0)
		return r;
	cni->config = json_root(cni->doc);
	return 0;
}

/* --- the commands --- */

static int open_netns(struct cni *cni, int *ret_fd, struct err *e)
{
	auto_fd int fd = -1;
	struct statfs fs;
	int r;

	cni->code = CNI_UNKNOWN_CONTAINER;
	r = path_open(AT_FDCWD, cni->netns, O_RDONLY | O_NONBLOCK, &fd, e);
	if (r < 0)
		return err_wrap(e, "CNI_NETNS");
	if (fstatfs(fd, &fs) < 0 || fs.f_type != NSFS_MAGIC ||
	    ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET)
		return err_user(e, "CNI_NETNS: %s is not a network namespace", cni->netns);
	*ret_fd = fd_take(&fd);
	return 0;
}

static void name_owner(const struct cni *cni, char out[CONTAINER_MAX + NET_LINK_NAME + 8])
{
	(void)snprintf(out, CONTAINER_MAX + NET_LINK_NAME + 8, "cni:%s/%s", cni->container,
		       cni->ifname);
}

static int refuse_second(struct cni *cni, int root_fd, struct err *e)
{
	auto_attachment struct cni_attachment a = {.rec = NET_RECORD_INIT};
	int r = cni_store_load(root_fd, cni->container, cni->ifname, &a, e);

	if (r != 0)
		return r == CNI_E_MISSING ? 0 : r;
	cni->code = CNI_ADDED_BEFORE;
	return err_num(e, EEXIST, "%s of %s was added to %s before: DEL it first", cni->ifname,
		       cni->container, a.network);
}

/* Takes back all that ADD may have made; what is in the way of that is for the next DEL. */
static void take_back(const struct cni *cni, int root_fd, const struct net_record *rec,
		      const char *owner)
{
	struct err e = ERR_INIT;
	int r = rec->owner ? net_detach(root_fd, rec, &e) : net_forget(root_fd, owner, &e);

	if (r == 0)
		(void)cni_store_remove(root_fd, cni->container, cni->ifname, &e);
}

static int cni_add(struct cni *cni, struct runtime *rt, struct buf *out, struct err *e)
{
	auto_net_record struct net_record rec = NET_RECORD_INIT;
	char owner[CONTAINER_MAX + NET_LINK_NAME + 8];
	auto_fd int netns_fd = -1;
	int r = open_netns(cni, &netns_fd, e);

	cni->code = r < 0 ? cni->code : CNI_FAILED;
	name_owner(cni, owner);
	if (r == 0)
		r = refuse_second(cni, rt->root_fd, e);
	if (r < 0)
		return r;
	r = net_prepare(rt->root_fd, &cni->options, owner, &rec, e);
	if (r == 0)
		r = cni_store_save(rt->root_fd, cni, &rec, e);
	if (r == 0)
		r = net_attach(rt->root_fd, &rec, netns_fd, e);
	if (r == 0) {
		cni_result(cni, &rec, out);
		r = buf_check(out, e);
	}
	if (r < 0)
		take_back(cni, rt->root_fd, &rec, owner);
	return r;
}

static int cni_del(struct cni *cni, struct runtime *rt, struct buf *out, struct err *e)
{
	auto_attachment struct cni_attachment a = {.rec = NET_RECORD_INIT};
	char owner[CONTAINER_MAX + NET_LINK_NAME + 8];
	struct err damaged = ERR_INIT;
	int r;

	(void)out;
	cni->code = CNI_FAILED;
	if (rt->root_fd < 0)
		return 0;
	name_owner(cni, owner);
	r = cni_store_load(rt->root_fd, cni->container, cni->ifname, &a, &damaged);
	/* ADD may have got no further; and a file that cannot be read must not keep a pod: the
	 * lease says what was made, too */
	if (r != 0) {
		r = net_forget(rt->root_fd, owner, e);
		return r < 0 ? r : cni_store_remove(rt->root_fd, cni->container, cni->ifname, e);
	}
	if (strcmp(a.network, cni->network) != 0)
		return 0;
	r = net_detach(rt->root_fd, &a.rec, e);
	return r < 0 ? r : cni_store_remove(rt->root_fd, cni->container, cni->ifname, e);
}

static int cni_check(struct cni *cni, struct runtime *rt, struct buf *out, struct err *e)
{
	auto_attachment struct cni_attachment a = {.rec = NET_RECORD_INIT};
	auto_fd int netns_fd = -1;
	int r = open_netns(cni, &netns_fd, e);

	(void)out;
	if (r == 0)
		r = rt->root_fd < 0
			    ? CNI_E_MISSING
			    : cni_store_load(rt->root_fd, cni->container, cni->ifname, &a, e);
	if (r == CNI_E_MISSING || (r == 0 && strcmp(a.network, cni->network) != 0))
		return err_num(e, ENOENT, "%s of %s was not added to %s", cni->ifname,
			       cni->container, cni->network);
	if (r == 0)
		r = cni_compare(cni, &a.rec, e);
	if (r < 0)
		return r;
	cni->code = CNI_NOT_AS_MADE;
	return net_check(rt->root_fd, &a.rec, netns_fd, e);
}

static int cni_status(struct cni *cni, struct runtime *rt, struct buf *out, struct err *e)
{
	(void)out;
	cni->code = CNI_NOT_READY;
	return net_ready(rt->root_fd, &cni->options, e);
}

struct collection {
	struct cni *cni;
	struct runtime *rt;
	struct json valid;
	struct err *e;
};

static bool is_valid(const struct collection *c, const struct cni_attachment *a)
{
	struct json it = {.doc = NULL};
	struct err no_string = ERR_INIT;

	while (json_next(&c->valid, &it)) {
		const char *container = "", *ifname = "";

		if (json_get_str(&it, "containerID", &container, &no_string) == 0 &&
		    json_get_str(&it, "ifname", &ifname, &no_string) == 0 &&
		    strcmp(container, a->container) == 0 && strcmp(ifname, a->ifname) == 0)
			return true;
	}
	return false;
}

static int collect(void *arg, const struct cni_attachment *a)
{
	struct collection *c = arg;
	int r;

	if (strcmp(a->network, c->cni->network) != 0 || is_valid(c, a))
		return 0;
	r = net_detach(c->rt->root_fd, &a->rec, c->e);
	return r < 0 ? r : cni_store_remove(c->rt->root_fd, a->container, a->ifname, c->e);
}

/* An absent list is not an empty one: everything would go. */
static int cni_gc(struct cni *cni, struct runtime *rt, struct buf *out, struct err *e)
{
	struct collection c = {.cni = cni, .rt = rt, .e = e};
	int r = 0;

	(void)out;
	cni->code = CNI_BAD_CONFIG;
	if (!json_member(&cni->config, "cni.dev/attachments", &c.valid))
		r = json_need(&cni->config, "cni.dev/valid-attachments", "a list of attachments",
			      &c.valid, e);
	if (r == 0)
		r = json_want_array(&c.valid, e);
	if (r < 0 || rt->root_fd < 0)
		return r;
	cni->code = CNI_FAILED;
	return cni_store_each(rt->root_fd, collect, &c, e);
}

/* --- the call --- */

static int serve(struct cni *cni, struct buf *out, struct err *e)
{
	auto_runtime struct runtime rt = RUNTIME_INIT;
	int r = fd_fill_stdio(e);

	if (r == 0)
		r = read_environment(cni, e);
	if (r == 0)
		r = read_input(cni, e);
	if (r == 0)
		r = cni_read_config(cni, e);
	if (r < 0)
		return r;
	if (cni->command == CNI_VERSION) {
		cni_version(cni, out);
		return 0;
	}
	cni->code = CNI_IO;
	r = runtime_open(&rt, cni->data_dir, commands[cni->command].root, e);
	return r == 0 ? commands[cni->command].run(cni, &rt, out, e) : r;
}

int cni_main(void)
{
	struct cni cni = {.code = CNI_IO};
	auto_buf struct buf out = BUF_INIT;
	struct err e = ERR_INIT;
	int r;

	(void)signal(SIGPIPE, SIG_IGN);
	r = serve(&cni, &out, &e);
	if (r < 0) {
		buf_done(&out); /* a result that could not be finished */
		cni_error(&cni, &e, &out);
	}
	if (cli_output(&out, &e) < 0)
		r = -1;
	net_options_done(&cni.options);
	buf_done(&cni.dns);
	json_free(&cni.doc);
	return r < 0 ? 1 : 0;
}
