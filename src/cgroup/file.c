/* SPDX-License-Identifier: Apache-2.0 */
/* file - small files of a cgroup directory: one read(2) each, and the three shapes they have. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup/internal.h"
#include "tinyrun/fd.h"
#include "tinyrun/path.h"

int cgroup_file_read(int dir_fd, const char *name, char *text, size_t size, struct err *e)
{
	auto_fd int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? CGROUP_E_MISSING : err_sys(e, "open %s", name);
	do
		n = read(fd, text, size - 1);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ENODEV ? CGROUP_E_MISSING : err_sys(e, "read %s", name);
	text[n] = 0;
	return 0;
}

bool cgroup_file_key(const char *text, const char *key, uint64_t *ret)
{
	size_t len = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		char *end;
		uint64_t value;

		if (*line == '\n')
			line++;
		if (strncmp(line, key, len) != 0 || line[len] != ' ')
			continue;
		line += len + 1;
		errno = 0;
		value = strtoull(line, &end, 10);
		if (end == line || *line == '-' || errno || (*end != '\n' && *end != 0))
			return false;
		*ret = value;
		return true;
	}
	return false;
}

bool cgroup_file_has_word(const char *text, const char *word, size_t len)
{
	for (const char *at = text; *at; at += strcspn(at, " \n")) {
		at += strspn(at, " \n");
		if (strcspn(at, " \n") == len && strncmp(at, word, len) == 0)
			return len > 0;
	}
	return false;
}

char *cgroup_name_of(int dir_fd)
{
	struct err ignored = ERR_INIT;
	char *path = NULL;

	if (path_of_fd(dir_fd, &path, &ignored) < 0)
		path = strdup("the cgroup");
	return path;
}
