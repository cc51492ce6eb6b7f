/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a path below a root: nothing outside it is ever opened, with openat2 and without it,
 * also through the symlinks that lie there.
 *
 * fuzz: sources src/base/*.c src/httpd/file.c src/httpd/target.c
 * fuzz: corpus tests/fuzz/corpus/file
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "httpd/file.h"
#include "httpd/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct file_root root;
static ino_t inside[3];

static void check(bool holds)
{
	if (!holds)
		abort();
}

static ino_t make_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct stat st;

	check(fd >= 0 && write(fd, text, strlen(text)) > 0 && fstat(fd, &st) == 0);
	close(fd);
	return st.st_ino;
}

/* Left behind, since a fuzzer may end at any time: in the build's directory, when scripts/fuzz runs
 * it.
 */
static void set_up(void)
{
	const char *tmp = getenv("TMPDIR");
	char dir[4096];
	int here = open(".", O_PATH | O_CLOEXEC);
	struct err e = ERR_INIT;

	check(snprintf(dir, sizeof(dir), "%s/tinyhttpd-fuzz-XXXXXX", tmp ? tmp : "/tmp") <
	      (int)sizeof(dir));
	check(here >= 0 && mkdtemp(dir) && chdir(dir) == 0);
	check(mkdir("www", 0755) == 0 && mkdir("www/a", 0755) == 0);
	inside[0] = make_file("www/index.html", "index");
	inside[1] = make_file("www/a/b", "b");
	inside[2] = make_file("www/a/index.html", "a");
	(void)make_file("secret", "secret");
	check(symlink("../secret", "www/s") == 0 && symlink("..", "www/u") == 0);
	check(symlink("/etc", "www/e") == 0 && symlink("/proc/self/root", "www/m") == 0);
	check(symlink("a/b", "www/l") == 0 && symlink("../..", "www/a/u") == 0);
	check(file_root_open("www", &root, &e) == 0);
	check(fchdir(here) == 0); /* the corpus is named from here */
	close(here);
}

static void check_look(const char *path)
{
	struct file_found f;
	bool known = false;

	if (file_look(&root, path, FILE_WAIT, &f) != 200)
		return;
	for (int i = 0; i < 3; i++)
		known |= f.version.ino == inside[i];
	check(known);
	free(f.body);
	if (f.fd >= 0)
		close(f.fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char raw[512], path[512];
	size_t len;

	if (!root.index[0])
		set_up();
	if (size >= sizeof(raw))
		return 0;
	memcpy(raw, data, size);
	raw[size] = 0;
	for (int walk = 0; walk < 2; walk++) {
		bool before = root.walk;

		root.walk |= walk;
		/* as it is only with openat2, whose guard it is; decoded with either */
		if (!root.walk)
			check_look(raw);
		if (target_to_path(raw, strlen(raw), path, &len) == 0)
			check_look(path);
		root.walk = before;
	}
	return 0;
}
