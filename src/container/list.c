/* SPDX-License-Identifier: Apache-2.0 */
/* list - the containers of a state root: what they are doing, and which ones have a certain name.
 */
#include "tinyrun/container.h"

#include "container/state.h"
#include "tinyrun/fd.h"
#include "tinyrun/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct names {
	char **v;
	size_t n, size;
};

static void names_done(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->v[i]);
	free(names->v);
}

static int names_add(struct names *names, const char *name, struct err *e)
{
	if (names->n == names->size) {
		size_t size = names->size ? 2 * names->size : 16;
		char **v = reallocarray(names->v, size, sizeof(*v));

		if (!v)
			return err_num(e, ENOMEM, "list containers");
		names->v = v;
		names->size = size;
	}
	names->v[names->n] = strdup(name);
	if (!names->v[names->n])
		return err_num(e, ENOMEM, "list containers");
	names->n++;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_names(const struct runtime *rt, struct names *ret, struct err *e)
{
	int fd = openat(rt->root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	if (!dir) {
		r = err_sys(e, "read %s", rt->root);
		fd_close(&fd);
		return r;
	}
	while (r == 0 && (entry = readdir(dir)))
		if (state_id_is_valid(entry->d_name))
			r = names_add(ret, entry->d_name, e);
	(void)closedir(dir);
	if (ret->n > 1)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_name);
	return r;
}

typedef int each_fn(void *arg, const struct container_entry *entry);

/* @host is found for the first one that needs it. */
static int list_one(const struct runtime *rt, const char *id, struct cgroup_host *host,
		    each_fn *each, void *arg, struct err *e)
{
	auto_fd int dir_fd = -1;
	auto_state struct state st = STATE_INIT;
	auto_buf struct buf json = BUF_INIT;
	enum state_status status = STATE_STOPPED;
	char owner[256];
	int r = state_open(rt, id, false, &dir_fd, e);

	if (r == 0)
		r = state_load(dir_fd, id, &st, e);
	if (r == STATE_E_MISSING)
		return 0; /* just being made, or just gone */
	if (r == 0 && st.cgroup_path && host->fd < 0)
		r = cgroup_host_init(host, e);
	if (r == 0)
		r = state_status(dir_fd, &st, host, &status, e);
	if (r == 0) {
		pid_t pid = status == STATE_STOPPED ? 0 : st.pid;

		state_json(&st, status, pid, STATE_COMPACT, true, &json);
		r = buf_check(&json, e);
		if (r == 0)
			r = each(arg, &(struct container_entry){
					      .id = st.id,
					      .pid = pid,
					      .status = state_status_name(status),
					      .bundle = st.bundle,
					      .created = st.created,
					      .owner = state_owner(&st, owner, sizeof(owner)),
					      .json = json.data});
	}
	return r;
}

int container_list(struct runtime *rt, each_fn *each, void *arg, struct err *e)
{
	struct cgroup_host host = CGROUP_HOST_INIT;
	struct names names = {.v = NULL};
	int r = 0;

	if (rt->root_fd >= 0)
		r = read_names(rt, &names, e);
	for (size_t i = 0; i < names.n && r == 0; i++) {
		struct err one = ERR_INIT;
		char text[ERR_FRAME_SIZE * 2];

		if (list_one(rt, names.v[i], &host, each, arg, &one) < 0)
			log_warning("%s: %s", names.v[i], err_str(&one, text, sizeof(text)));
	}
	cgroup_host_done(&host);
	names_done(&names);
	return r;
}

/* --- by their names --- */

static int match_each(const struct names *names, const regex_t *regex, container_id_fn *each,
		      void *arg, struct err *e)
{
	size_t n_failed = 0;
	int failed = 0;

	for (size_t i = 0; i < names->n; i++) {
		struct err one = ERR_INIT;
		int r;

		if (regexec(regex, names->v[i], 0, NULL, 0) != 0)
			continue;
		r = each(arg, names->v[i], &one);
		if (r >= 0)
			continue;
		if (n_failed++ == 0) {
			failed = r;
			*e = one;
			(void)err_wrap(e, "%s", names->v[i]);
		}
	}
	if (n_failed > 1)
		return err_wrap(e, "%zu containers, the first of which is", n_failed);
	return failed;
}

int container_match(struct runtime *rt, const char *pattern, container_id_fn *each, void *arg,
		    struct err *e)
{
	struct names names = {.v = NULL};
	char reason[128];
	regex_t regex;
	int r = regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB);

	if (r != 0) {
		(void)regerror(r, &regex, reason, sizeof(reason));
		return err_user(e, "\"%s\" is no extended regular expression: %s", pattern, reason);
	}
	r = rt->root_fd >= 0 ? read_names(rt, &names, e) : 0;
	if (r == 0)
		r = match_each(&names, &regex, each, arg, e);
	names_done(&names);
	regfree(&regex);
	return r;
}
