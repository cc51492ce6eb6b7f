/* SPDX-License-Identifier: Apache-2.0 */
/*
 * start - lets a created container execute its program.
 *
 * Init listens on exec.sock in the state directory. The connection is the new channel: GO one way,
 * a failure the other way, end of file when the program has been executed.
 */
#include "container/start.h"

#include "container/destroy.h"
#include "container/hooks.h"
#include "container/notify.h"
#include "container/state.h"
#include "container/sync.h"
#include "tinyrun/fd.h"
#include "tinyrun/log.h"
#include "tinyrun/path.h"
#include "tinyrun/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int check_status(enum state_status status, struct err *e)
{
	switch (status) {
	case STATE_CREATED:
		return 0;
	case STATE_STOPPED:
		return err_user(e, "cannot start a container that has stopped");
	case STATE_CREATING:
		return err_user(e, "cannot start a container whose creation was not finished: "
				   "delete it");
	case STATE_PAUSED:
		return err_user(e, "cannot start a container in the paused state: resume it");
	default:
		return err_user(e, "cannot start an already running container");
	}
}

static int connect_init(int dir_fd, int *ret_fd, struct err *e)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	auto_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_sys(e, "make a socket");
	(void)snprintf(to.sun_path, sizeof(to.sun_path), "/proc/self/fd/%d/" STATE_SOCKET, dir_fd);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return err_sys(e, "reach the container's init");
	*ret_fd = fd_take(&fd);
	return 0;
}

/* Words for a failure of init's, from the plan that was left in the state directory. */
static int explain(int dir_fd, const struct plan_msg *msg, struct err *e)
{
	auto_free char *bytes = NULL;
	auto_fd int fd = -1;
	struct plan plan = {.bytes = NULL};
	int r = path_open_beneath(dir_fd, STATE_PLAN, O_RDONLY | O_NONBLOCK, 0, &fd, e);

	if (r == 0)
		r = fd_read_all(fd, (size_t)64 << 20, STATE_PLAN, &bytes, &plan.size, e);
	if (r < 0)
		return r;
	plan.bytes = bytes;
	return plan_explain(&plan, msg, e);
}

static int go(int dir_fd, struct err *e)
{
	auto_fd int channel = -1, extra = -1;
	struct plan_msg msg;
	int r = connect_init(dir_fd, &channel, e);

	if (r == 0)
		r = sync_go(channel, e);
	if (r == 0)
		r = sync_receive(channel, &msg, &extra, e);
	if (r == SYNC_E_END)
		return 0;
	if (r == 0 && msg.kind == PLAN_MSG_FAIL)
		return explain(dir_fd, &msg, e);
	return r < 0 ? r : err_num(e, EPROTO, "hear from init");
}

int start_poststart(const struct state *st, const struct spec *spec, int bundle_fd, struct err *e)
{
	auto_buf struct buf json = BUF_INIT;
	int r;

	state_json(st, STATE_RUNNING, st->pid, STATE_COMPACT, false, &json);
	r = buf_check(&json, e);
	return r < 0 ? r : hooks_run(spec, SPEC_HOOK_POSTSTART, json.data, bundle_fd, e);
}

static int poststart_of_copy(int dir_fd, const struct state *st, struct err *e)
{
	auto_spec struct spec *spec = NULL;
	auto_fd int bundle_fd = -1;
	int r;

	if (!st->poststart)
		return 0;
	r = spec_load(dir_fd, STATE_CONFIG, NULL, &spec, e);
	if (r == 0)
		r = path_open(AT_FDCWD, st->bundle, O_PATH | O_DIRECTORY, &bundle_fd, e);
	return r < 0 ? r : start_poststart(st, spec, bundle_fd, e);
}

/* Under the lock. runtime-spec lifecycle 7 to 9: a failure stops the container and takes it away.
 */
static int start_locked(struct runtime *rt, int dir_fd, const struct state *st,
			const struct cgroup_host *host, struct notify *notify, struct err *e)
{
	struct err undo = ERR_INIT;
	char text[ERR_FRAME_SIZE * 2];
	enum state_status status = STATE_STOPPED;
	int r = state_status(dir_fd, st, host, &status, e);

	if (r == 0)
		r = check_status(status, e);
	if (r == 0)
		r = notify_listen(dir_fd, notify, e);
	if (r < 0)
		return r;
	r = go(dir_fd, e);
	if (r == 0) {
		(void)unlinkat(dir_fd, STATE_SOCKET, 0); /* nobody listens on it any more */
		r = poststart_of_copy(dir_fd, st, e);
	}
	if (r < 0 && destroy_container(rt, dir_fd, st, host, &undo) < 0)
		log_warning("%s", err_str(&undo, text, sizeof(text)));
	return r;
}

/* The lock is given back before: that may take as long as the program likes. */
static void hear_ready(const struct state *st, struct notify *notify)
{
	struct err gone = ERR_INIT;
	auto_fd int pidfd = -1;

	if (notify->fd >= 0 && state_pidfd(st, &pidfd, &gone) == 0)
		notify_wait(notify, pidfd, st->pid);
}

int container_start(struct runtime *rt, const char *id, struct err *e)
{
	auto_fd int dir_fd = -1;
	auto_state struct state st = STATE_INIT;
	struct cgroup_host host = CGROUP_HOST_INIT;
	struct notify notify = NOTIFY_INIT;
	int r = state_find(rt, id, true, &dir_fd, &st, &host, e);

	if (r == 0)
		r = start_locked(rt, dir_fd, &st, &host, &notify, e);
	cgroup_host_done(&host);
	fd_close(&dir_fd);
	if (r == 0)
		hear_ready(&st, &notify);
	notify_done(&notify);
	return r;
}
