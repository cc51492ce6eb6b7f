/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cni - calls a chain of CNI plugins as an engine does, and nothing else, so that the time of the
 * call is theirs.
 *
 *   cni ADD|DEL|CHECK ID NETNS PLUGIN CONFIG [PLUGIN CONFIG]...
 *
 * PLUGIN is a program's path, CONFIG a file with one JSON object. Each plugin of a chain gets the
 * result of the one before as prevResult; DEL goes through the chain from its end. The last result
 * is printed. The status is 1 when a plugin has failed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEXT_MAX 65536

static void die(const char *what)
{
	fprintf(stderr, "cni: %s: %s\n", what, strerror(errno));
	exit(1);
}

static size_t slurp(int fd, char text[TEXT_MAX])
{
	size_t len = 0;
	ssize_t n;

	while (len < TEXT_MAX - 1 && (n = read(fd, text + len, TEXT_MAX - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = 0;
	return len;
}

/* The configuration with @previous in it, in memory, to be read from its beginning. */
static int open_config(const char *file, const char *previous)
{
	static char text[TEXT_MAX];
	int fd = open(file, O_RDONLY | O_CLOEXEC), memory = memfd_create("config", 0);
	char *end;

	if (fd < 0 || memory < 0)
		die(file);
	(void)slurp(fd, text);
	(void)close(fd);
	end = strrchr(text, '}');
	if (!end) {
		errno = EINVAL;
		die(file);
	}
	if (*previous)
		*end = 0;
	dprintf(memory, *previous ? "%s,\"prevResult\":%s}" : "%s", text, previous);
	(void)lseek(memory, 0, SEEK_SET);
	return memory;
}

/* Runs one plugin; @result becomes what it prints. */
static bool call(const char *plugin, const char *config, char result[TEXT_MAX])
{
	int in = open_config(config, result), out[2], status = -1;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) < 0)
		die("pipe");
	pid = vfork();
	if (pid < 0)
		die("vfork");
	if (pid == 0) {
		(void)dup2(in, STDIN_FILENO);
		(void)dup2(out[1], STDOUT_FILENO);
		(void)execl(plugin, plugin, (char *)NULL);
		_exit(127);
	}
	(void)close(in);
	(void)close(out[1]);
	(void)slurp(out[0], result);
	(void)close(out[0]);
	(void)waitpid(pid, &status, 0);
	if (status == 0)
		return true;
	fprintf(stderr, "cni: %s: %s\n", plugin, result);
	return false;
}

int main(int argc, char **argv)
{
	static char result[TEXT_MAX];
	bool del, ok = true;
	int plugins = (argc - 4) / 2;

	if (argc < 6 || argc % 2) {
		fprintf(stderr, "usage: cni ADD|DEL|CHECK ID NETNS PLUGIN CONFIG...\n");
		return 1;
	}
	del = strcmp(argv[1], "DEL") == 0;
	if (setenv("CNI_COMMAND", argv[1], 1) || setenv("CNI_CONTAINERID", argv[2], 1) ||
	    setenv("CNI_NETNS", argv[3], 1) || setenv("CNI_IFNAME", "eth0", 1))
		die("setenv");
	for (int i = 0; ok && i < plugins; i++) {
		char **pair = argv + 4 + 2 * (del ? plugins - 1 - i : i);

		if (del)
			result[0] = 0;
		ok = call(pair[0], pair[1], result);
	}
	if (ok)
		fputs(result, stdout);
	return ok ? 0 : 1;
}
