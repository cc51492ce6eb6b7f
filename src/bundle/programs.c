/* SPDX-License-Identifier: Apache-2.0 */
/*
 * programs - what a program needs beside itself: an ELF file its libraries, a script its
 * interpreter, which may be a script again, and all of them what the C library reads when asked.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bundle/elf.h"
#include "bundle/libs.h"
#include "bundle/list.h"
#include "tinyrun/fd.h"
#include "tinyrun/path.h"

#define SCRIPTS_MAX  4   /* BINPRM's own bound on scripts that run scripts */
#define HEAD_LINE    256 /* BINPRM_BUF_SIZE: what the kernel looks at */
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static int add_program(struct bundle *b, const char *program, unsigned depth, const char **ret_path,
		       struct err *e);

/* --- finding it --- */

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111);
}

static int search_path(struct bundle *b, const char *name, const char **ret, struct err *e)
{
	const char *dirs = getenv("PATH");

	for (dirs = dirs && *dirs ? dirs : DEFAULT_PATH; *dirs;) {
		size_t len = strcspn(dirs, ":");
		const char *path = arena_printf(&b->arena, "%.*s/%s", (int)len, dirs, name);

		if (!path)
			return list_no_memory(e);
		if (dirs[0] == '/' && is_program(path)) {
			*ret = path;
			return 0;
		}
		dirs += len + (dirs[len] == ':');
	}
	return err_user(e, "there is no program %s in $PATH", name);
}

static int find_program(struct bundle *b, const char *program, const char **ret, struct err *e)
{
	if (program[0] == '\0')
		return err_user(e, "the name of a program is empty");
	if (!strchr(program, '/'))
		return search_path(b, program, ret, e);
	return list_absolute(b, program, ret, e);
}

/* --- scripts --- */

/* Cuts the next word out of @line; NULL at its end. */
static char *next_word(char **line)
{
	char *word = *line + strspn(*line, " \t");

	*line = word + strcspn(word, " \t");
	if (**line)
		*(*line)++ = '\0';
	return *word ? word : NULL;
}

/* `env [-S] [NAME=VALUE...] PROGRAM`: the program is what matters. */
static const char *behind_env(char *rest)
{
	char *word;

	while ((word = next_word(&rest)))
		if (word[0] != '-' && !strchr(word, '='))
			return word;
	return NULL;
}

static int add_interpreter(struct bundle *b, const char *path, char *line, unsigned depth,
			   struct err *e)
{
	char *interp = next_word(&line);
	const char *slash = interp ? strrchr(interp, '/') : NULL;
	const char *program;
	int r;

	if (!interp || interp[0] != '/')
		return err_user(e, "%s is a script whose #! names no absolute path", path);
	if (depth == SCRIPTS_MAX)
		return err_num(e, ELOOP, "follow the #! of %s", path);
	r = add_program(b, interp, depth + 1, NULL, e);
	program = r == 0 && strcmp(slash, "/env") == 0 ? behind_env(line) : NULL;
	if (program)
		r = add_program(b, program, depth + 1, NULL, e);
	return r < 0 ? err_wrap(e, "the interpreter of %s", path) : 0;
}

static int add_script(struct bundle *b, int fd, const char *path, unsigned depth, struct err *e)
{
	char head[HEAD_LINE];
	ssize_t n = pread(fd, head, sizeof(head) - 1, 0);

	if (n < 0)
		return err_sys(e, "read %s", path);
	head[n] = '\0';
	if (strncmp(head, "#!", 2) != 0)
		return err_user(e,
				"%s is neither an ELF program nor a script with #!; --copy takes "
				"a file as it is",
				path);
	head[strcspn(head, "\n")] = '\0';
	return add_interpreter(b, path, head + 2, depth, e);
}

/* --- programs --- */

static int add_needs(struct bundle *b, const char *path, unsigned depth, struct err *e)
{
	auto_fd int fd = -1;
	struct elf elf;
	int r = path_open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK, &fd, e);

	if (r == 0)
		r = elf_read(fd, path, &b->arena, &elf, e);
	if (r == ELF_E_OTHER)
		return add_script(b, fd, path, depth, e);
	return r < 0 ? r : libs_add(b, path, &elf, e);
}

static int add_program(struct bundle *b, const char *program, unsigned depth, const char **ret_path,
		       struct err *e)
{
	const char *path, *end;
	mode_t mode;
	int r = find_program(b, program, &path, e);

	if (r == 0)
		r = list_follow(b, path, &end, &mode, e);
	if (r < 0)
		return r;
	if (!S_ISREG(mode))
		return err_user(e, "%s is not a file, so no program", path);
	if (!(mode & 0111))
		return err_user(e, "%s cannot be executed: nobody has the right to", path);
	if (ret_path)
		*ret_path = path;
	if (bundle_find(b, end))
		return 0;
	r = list_add(b, BUNDLE_FILE, end, end, mode, e);
	return r < 0 ? r : add_needs(b, end, depth, e);
}

int bundle_add_program(struct bundle *b, const char *program, const char **ret_path, struct err *e)
{
	return add_program(b, program, 0, ret_path, e);
}

/* --- what the C library reads --- */

/* Adds those of @paths that are there. */
static int add_existing(struct bundle *b, const char *const *paths, unsigned *ret_n, struct err *e)
{
	int r = 0;

	*ret_n = 0;
	for (; *paths && r == 0; paths++) {
		if (access(*paths, F_OK) < 0)
			continue;
		r = bundle_add_path(b, *paths, e);
		++*ret_n;
	}
	return r;
}

int bundle_add_nss(struct bundle *b, struct err *e)
{
	static const char *const files[] = {"/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf",
					    "/etc/protocols",     "/etc/services",  NULL};
	static const char *const plugins[] = {"libnss_files.so.2", "libnss_dns.so.2", NULL};
	unsigned n;
	int r = add_existing(b, files, &n, e);

	for (const char *const *plugin = plugins; *plugin && r == 0; plugin++) {
		bool found = false; /* since glibc 2.34 both are in libc itself */

		r = libs_add_plugin(b, *plugin, &found, e);
	}
	if (r == 0)
		r = bundle_add_text(b, "/etc/passwd",
				    "root:x:0:0:root:/root:/bin/sh\n"
				    "nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n",
				    e);
	if (r == 0)
		r = bundle_add_text(b, "/etc/group", "root:x:0:\nnogroup:x:65534:\n", e);
	return r;
}

int bundle_add_ca(struct bundle *b, struct err *e)
{
	static const char *const places[] = {"/etc/ssl/certs",
					     "/etc/ssl/cert.pem",
					     "/etc/ssl/openssl.cnf",
					     "/usr/lib/ssl",
					     "/usr/share/ca-certificates",
					     "/usr/local/share/ca-certificates",
					     "/etc/pki/tls/certs",
					     "/etc/pki/ca-trust/extracted",
					     "/etc/ca-certificates/extracted",
					     NULL};
	unsigned n;
	int r = add_existing(b, places, &n, e);

	if (r == 0 && n == 0)
		r = err_user(e, "this host has no certificates in any of the usual places: "
				"install its package ca-certificates");
	return r;
}
