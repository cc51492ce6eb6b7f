/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_stamp - which file a library that is loaded on demand is, without loading it.
 */
#include "plan/seccomp.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

bool seccomp_stamp_file(const char *head, int head_len, const char *path, char ret[SECCOMP_STAMP])
{
	struct stat st;
	int n;

	if (stat(path, &st) < 0)
		return false;
	n = snprintf(ret, SECCOMP_STAMP, "%.*s %s %llx:%llx:%llx:%llx.%lx", head_len, head, path,
		     (unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
		     (unsigned long long)st.st_size, (unsigned long long)st.st_mtim.tv_sec,
		     (unsigned long)st.st_mtim.tv_nsec);
	return n > 0 && n < SECCOMP_STAMP;
}

bool seccomp_stamp_is_current(const char *stamp)
{
	const char *path = strchr(stamp, ' '), *end = strrchr(stamp, ' ');
	char file[SECCOMP_STAMP], now[SECCOMP_STAMP];

	if (!path || path == end || (size_t)(end - path) >= sizeof(file))
		return false;
	memcpy(file, path + 1, (size_t)(end - path - 1));
	file[end - path - 1] = '\0';
	return seccomp_stamp_file(stamp, (int)(path - stamp), file, now) && strcmp(stamp, now) == 0;
}
