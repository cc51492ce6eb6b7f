/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names - resolv.conf, hosts and hostname of a container on a bridge.
 *
 * They lie in the state directory, so they go with it. The container sees them read-only: what is
 * in the state directory is not for it to fill.
 */
#include "container/names.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "tinyrun/path.h"
#include "tinyrun/plan.h"

static int write_resolv_conf(const struct net_options *o, const struct net_record *rec,
			     const char *hostname, struct buf *out, struct err *e)
{
	(void)rec;
	(void)hostname;
	return net_resolv_conf(o, out, e);
}

static int write_hostname(const struct net_options *o, const struct net_record *rec,
			  const char *hostname, struct buf *out, struct err *e)
{
	(void)o;
	(void)rec;
	buf_addf(out, "%s\n", hostname);
	return buf_check(out, e);
}

/* In the order of plan_names_files. */
static int (*const writers[])(const struct net_options *o, const struct net_record *rec,
			      const char *hostname, struct buf *out,
			      struct err *e) = {write_resolv_conf, net_hosts, write_hostname};

int names_write(int dir_fd, const struct spec *spec, const struct net_options *o,
		const struct net_record *rec, struct err *e)
{
	struct utsname uts;
	const char *hostname = spec->hostname;
	int r = 0;

	if (!hostname && uname(&uts) < 0)
		return err_sys(e, "ask for the host's name");
	if (!hostname)
		hostname = uts.nodename; /* a new UTS namespace begins with it */
	for (size_t i = 0; r == 0 && plan_names_files[i]; i++) {
		auto_buf struct buf out = BUF_INIT;

		r = writers[i](o, rec, hostname, &out, e);
		if (r == 0)
			r = path_replace(dir_fd, plan_names_files[i], out.data ? out.data : "",
					 out.len, 0644, false, e);
		/* for every user of the container, whatever our umask is */
		if (r == 0 && fchmodat(dir_fd, plan_names_files[i], 0644, 0) < 0)
			r = err_sys(e, "open %s to everybody", plan_names_files[i]);
	}
	return r < 0 ? err_wrap(e, "write the names that the container knows") : 0;
}
