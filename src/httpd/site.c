/* SPDX-License-Identifier: Apache-2.0 */
/* site - the first page of a site that was not there (--init). */
#include "httpd/site.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tinyrun/fd.h"

static const char page[] =
	"<!DOCTYPE html>\n"
	"<html lang=\"en\">\n"
	"<head>\n"
	"<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width\">\n"
	"<title>tinyhttpd</title>\n"
	"<link rel=\"stylesheet\" href=\"style.css\">\n"
	"</head>\n"
	"<body>\n"
	"<h1>It works</h1>\n"
	"<p>This page is <code>index.html</code>. Put your own in its place.</p>\n"
	"</body>\n"
	"</html>\n";

static const char style[] =
	"body { font-family: sans-serif; line-height: 1.5; margin: 4rem auto; max-width: 40rem; }\n"
	"h1 { color: #246; }\n";

static int put(int dir_fd, const char *name, const char *text, struct err *e)
{
	auto_fd int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		return err_sys(e, "make %s", name);
	return fd_write_all(fd, text, strlen(text), name, e);
}

int site_make(const char *path, struct err *e)
{
	auto_fd int fd = -1;

	if (mkdir(path, 0755) < 0)
		return errno == EEXIST ? 0 : err_sys(e, "make the directory %s", path);
	fd = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open the directory %s", path);
	if (put(fd, "index.html", page, e) < 0 || put(fd, "style.css", style, e) < 0)
		return err_wrap(e, "make a site in %s", path);
	return 0;
}
