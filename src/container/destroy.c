/* SPDX-License-Identifier: Apache-2.0 */
#include "container/destroy.h"

#include "container/hooks.h"
#include "container/network.h"
#include "container/rdt.h"
#include "container/scope.h"
#include "tinyrun/fd.h"
#include "tinyrun/log.h"
#include "tinyrun/net.h"
#include "tinyrun/path.h"
#include "tinyrun/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#define END_TIMEOUT_MS 10000 /* for the kernel to end killed processes */

/* Without a cgroup there is the process alone; its pid namespace ends with it. */
static int end_process(const struct state *st, struct err *e)
{
	auto_fd int pidfd = -1;
	struct pollfd ended;
	int r = state_pidfd(st, &pidfd, e);

	if (r != 0)
		return r == STATE_E_MISSING ? 0 : r;
	if (sys_pidfd_send_signal(pidfd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
		return err_sys(e, "kill the container's process %d", (int)st->pid);
	ended = (struct pollfd){.fd = pidfd, .events = POLLIN};
	if (poll(&ended, 1, END_TIMEOUT_MS) == 0)
		return err_num(e, ETIMEDOUT, "wait for the end of process %d", (int)st->pid);
	return 0;
}

static int end_cgroup(const struct state *st, const struct cgroup_host *host, struct err *e)
{
	auto_fd int fd = -1;
	int r = cgroup_remove_unused(host, st->cgroup_path, st->cgroup_top, e);

	if (r != CGROUP_E_BUSY)
		return r;
	r = cgroup_open(host, st->cgroup_path, &fd, e);
	if (r == CGROUP_E_MISSING)
		return 0;
	if (r == 0)
		r = cgroup_kill(fd, END_TIMEOUT_MS, e);
	fd_close(&fd);
	if (r == 0)
		r = cgroup_remove(host, st->cgroup_path, st->cgroup_top, e);
	return r;
}

static void run_poststop(const struct state *st, int dir_fd)
{
	auto_spec struct spec *spec = NULL;
	auto_buf struct buf json = BUF_INIT;
	auto_fd int bundle_fd = -1;
	struct err e = ERR_INIT;
	char text[ERR_FRAME_SIZE * 2];
	int r = spec_load(dir_fd, STATE_CONFIG, NULL, &spec, &e);

	if (r == 0 && path_open(AT_FDCWD, st->bundle, O_PATH | O_DIRECTORY, &bundle_fd, &e) < 0)
		r = path_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY, &bundle_fd, &e);
	if (r < 0) {
		log_warning("the poststop hooks did not run: %s", err_str(&e, text, sizeof(text)));
		return;
	}
	state_json(st, STATE_STOPPED, 0, STATE_COMPACT, false, &json);
	if (buf_check(&json, &e) == 0)
		hooks_run_all(spec, SPEC_HOOK_POSTSTOP, json.data, bundle_fd);
}

/*
 * The record goes last: until then it says that there is something to remove. What is not of the
 * usual (a temporary file of one that was killed) takes the long way.
 */
static int remove_state(const struct runtime *rt, int dir_fd, const char *id, struct err *e)
{
	static const char *const files[] = {STATE_CONFIG, STATE_PLAN, STATE_SOCKET, STATE_FILE};

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		(void)unlinkat(dir_fd, files[i], 0);
	if (unlinkat(rt->root_fd, id, AT_REMOVEDIR) == 0)
		return 0;
	return path_remove_tree(rt->root_fd, id, e);
}

static int remove_rdt(const struct state *st, struct err *e)
{
	struct err unmounted = ERR_INIT; /* then nothing is left there */
	auto_fd int root_fd = -1;

	if ((!st->rdt_group && !st->rdt_monitor) || rdt_open(&root_fd, &unmounted) < 0)
		return 0;
	return rdt_remove(root_fd, st->rdt_group, st->rdt_monitor, e);
}

int destroy_container(const struct runtime *rt, int dir_fd, const struct state *st,
		      const struct cgroup_host *host, struct err *e)
{
	int r = st->network ? net_load(e) : 0;

	if (r == 0 && st->cgroup_path && host->fd >= 0)
		r = end_cgroup(st, host, e);
	if (r == 0)
		r = scope_end(st, e);
	if (r == 0)
		r = end_process(st, e);
	if (r == 0)
		r = remove_rdt(st, e);
	if (r == 0)
		r = network_detach(rt, st, e);
	if (r < 0)
		return r;
	if (st->poststop && st->pid > 0)
		run_poststop(st, dir_fd);
	return remove_state(rt, dir_fd, st->id, e);
}

int destroy_remnant(const struct runtime *rt, const char *id, struct err *e)
{
	int r = net_forget(rt->root_fd, id, e);

	return r < 0 ? r : path_remove_tree(rt->root_fd, id, e);
}
