/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cni_store - what was attached for engines: ROOT/.net/cni, a JSON file for each container and
 * interface, written before the network is made and removed after it is gone.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cni.h"
#include "tinyrun/fd.h"
#include "tinyrun/path.h"

#define STORE ".net/cni"

void cni_attachment_done(struct cni_attachment *a)
{
	net_record_done(&a->rec);
	json_free(&a->doc);
	*a = (struct cni_attachment){.doc = NULL};
}

/* ':' is in neither, so two never have one name; a leading dot is that of temporary files. */
static void file_name(const char *container, const char *ifname, char out[NAME_MAX + 1])
{
	(void)snprintf(out, NAME_MAX + 1, "%.230s:%.15s", container, ifname);
}

static int make_dir(int root_fd, const char *name, struct err *e)
{
	if (mkdirat(root_fd, name, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "make %s in the state root", name);
	return 0;
}

/* Returns 0, CNI_E_MISSING without @make, or negative. */
static int open_dir(int root_fd, bool make, int *ret_fd, struct err *e)
{
	struct err missing = ERR_INIT;
	int r = make ? make_dir(root_fd, ".net", e) : 0;

	if (r == 0 && make)
		r = make_dir(root_fd, STORE, e);
	if (r < 0)
		return r;
	r = path_open_beneath(root_fd, STORE, O_RDONLY | O_DIRECTORY, 0, ret_fd, &missing);
	if (r == -ENOENT && !make)
		return CNI_E_MISSING;
	if (r < 0)
		*e = missing;
	return r;
}

static int read_attachment(const struct json_doc *doc, struct cni_attachment *to, struct err *e)
{
	struct json root = json_root(doc), record;
	int r = json_want_object(&root, e);

	if (r == 0)
		r = json_get_str(&root, "network", &to->network, e);
	if (r == 0)
		r = json_get_str(&root, "container", &to->container, e);
	if (r == 0)
		r = json_get_str(&root, "ifname", &to->ifname, e);
	if (r == 0 && (!to->network || !to->container || !to->ifname))
		return json_refuse(&root, e, "network, container or ifname is missing");
	if (r == 0)
		r = json_need(&root, "record", "what was made", &record, e);
	return r == 0 ? net_record_parse(&record, &to->rec, e) : r;
}

static int load(int dir_fd, const char *name, struct cni_attachment *ret, struct err *e)
{
	auto_attachment struct cni_attachment a = {.rec = NET_RECORD_INIT};
	struct err missing = ERR_INIT;
	int r = json_load(dir_fd, name, &a.doc, &missing);

	if (r == -ENOENT)
		return CNI_E_MISSING;
	if (r < 0)
		*e = missing;
	else
		r = read_attachment(a.doc, &a, e);
	if (r < 0)
		return err_wrap(e, STORE "/%s in the state root", name);
	*ret = a;
	a = (struct cni_attachment){.doc = NULL};
	return 0;
}

int cni_store_load(int root_fd, const char *container, const char *ifname,
		   struct cni_attachment *ret, struct err *e)
{
	auto_fd int dir_fd = -1;
	char name[NAME_MAX + 1];
	int r = open_dir(root_fd, false, &dir_fd, e);

	file_name(container, ifname, name);
	return r == 0 ? load(dir_fd, name, ret, e) : r;
}

int cni_store_save(int root_fd, const struct cni *cni, const struct net_record *rec, struct err *e)
{
	auto_buf struct buf out = BUF_INIT;
	auto_fd int dir_fd = -1;
	char name[NAME_MAX + 1];
	int r = open_dir(root_fd, true, &dir_fd, e);

	buf_add_str(&out, "{\"network\":");
	buf_add_json_str(&out, cni->network);
	buf_add_str(&out, ",\"container\":");
	buf_add_json_str(&out, cni->container);
	buf_add_str(&out, ",\"ifname\":");
	buf_add_json_str(&out, cni->ifname);
	buf_add_str(&out, ",\"record\":");
	net_record_json(rec, &out);
	buf_add_str(&out, "}\n");
	if (r == 0)
		r = buf_check(&out, e);
	file_name(cni->container, cni->ifname, name);
	return r == 0 ? path_replace(dir_fd, name, out.data, out.len, 0600, true, e) : r;
}

int cni_store_remove(int root_fd, const char *container, const char *ifname, struct err *e)
{
	auto_fd int dir_fd = -1;
	char name[NAME_MAX + 1];
	int r = open_dir(root_fd, false, &dir_fd, e);

	if (r)
		return r == CNI_E_MISSING ? 0 : r;
	file_name(container, ifname, name);
	path_unstage(dir_fd, name);
	if (unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT)
		return err_sys(e, "remove " STORE "/%s in the state root", name);
	return 0;
}

static int is_ours(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && strchr(entry->d_name, ':') != NULL;
}

int cni_store_each(int root_fd, int (*each)(void *arg, const struct cni_attachment *a), void *arg,
		   struct err *e)
{
	auto_fd int dir_fd = -1;
	struct dirent **entries;
	int r = open_dir(root_fd, false, &dir_fd, e);
	int n;

	if (r)
		return r == CNI_E_MISSING ? 0 : r;
	n = scandirat(dir_fd, ".", &entries, is_ours, alphasort);
	if (n < 0)
		return err_sys(e, "read " STORE " in the state root");
	for (int i = 0; i < n; i++) {
		auto_attachment struct cni_attachment a = {.rec = NET_RECORD_INIT};

		if (r == 0)
			r = load(dir_fd, entries[i]->d_name, &a, e);
		if (r == 0)
			r = each(arg, &a);
		else if (r == CNI_E_MISSING)
			r = 0; /* removed meanwhile */
		free(entries[i]);
	}
	free(entries);
	return r;
}
