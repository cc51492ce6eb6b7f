/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tinyrun/path.h"

char fixture_dir[64];

/* --- ELF files --- */

struct image {
	const struct fixture_elf *what;
	unsigned char *out;
	size_t used;
};

static void put(struct image *image, size_t at, uint64_t value, unsigned bytes)
{
	assert_true(at + bytes <= FIXTURE_ELF_MAX);
	for (unsigned i = 0; i < bytes; i++)
		image->out[at + (image->what->big_endian ? bytes - 1 - i : i)] =
			(unsigned char)(value >> 8 * i);
	if (image->used < at + bytes)
		image->used = at + bytes;
}

static void put_text(struct image *image, size_t at, const char *text)
{
	for (size_t i = 0; i <= strlen(text); i++)
		put(image, at + i, (unsigned char)text[i], 1);
}

static void put_header(struct image *image, unsigned i, uint32_t type, uint64_t offset,
		       uint64_t size)
{
	bool is_32 = image->what->is_32;
	unsigned word = is_32 ? 4 : 8;
	size_t at = 64 + (size_t)i * (is_32 ? 32 : 56);

	put(image, at, type, 4);
	put(image, at + (is_32 ? 4 : 8), offset, word);
	put(image, at + (is_32 ? 8 : 16), type == PT_LOAD ? 0x400000 : offset, word);
	put(image, at + (is_32 ? 16 : 32), size, word);
}

enum { AT_INTERP = 512, AT_DYNAMIC = 1024, AT_STRINGS = 2048, STRINGS_SIZE = 1024 };

struct table {
	size_t dynamic, strings;
};

static void put_dynamic(struct image *image, struct table *t, uint64_t tag, uint64_t value)
{
	unsigned word = image->what->is_32 ? 4 : 8;

	put(image, t->dynamic, tag, word);
	put(image, t->dynamic + word, value, word);
	t->dynamic += 2 * (size_t)word;
}

static void put_name(struct image *image, struct table *t, uint64_t tag, const char *name)
{
	if (!name)
		return;
	put_text(image, AT_STRINGS + t->strings, name);
	put_dynamic(image, t, tag, t->strings);
	t->strings += strlen(name) + 1;
}

static void put_table(struct image *image)
{
	const struct fixture_elf *what = image->what;
	struct table t = {.dynamic = AT_DYNAMIC, .strings = 1};

	for (size_t i = 0; i < 4; i++)
		put_name(image, &t, DT_NEEDED, what->needed[i]);
	put_name(image, &t, DT_RPATH, what->rpath);
	put_name(image, &t, DT_RUNPATH, what->runpath);
	if (what->flags_1)
		put_dynamic(image, &t, DT_FLAGS_1, what->flags_1);
	put_dynamic(image, &t, DT_STRTAB, 0x400000 + AT_STRINGS);
	put_dynamic(image, &t, DT_STRSZ, STRINGS_SIZE);
	put_dynamic(image, &t, DT_NULL, 0);
	put(image, AT_STRINGS + STRINGS_SIZE - 1, 0, 1);
}

size_t fixture_elf(const struct fixture_elf *what, unsigned char out[FIXTURE_ELF_MAX])
{
	struct image image = {.what = what, .out = out};
	bool is_32 = what->is_32;

	memset(out, 0, FIXTURE_ELF_MAX);
	memcpy(out, ELFMAG, SELFMAG);
	put(&image, EI_CLASS, is_32 ? ELFCLASS32 : ELFCLASS64, 1);
	put(&image, EI_DATA, what->big_endian ? ELFDATA2MSB : ELFDATA2LSB, 1);
	put(&image, 16, ET_DYN, 2);
	put(&image, 18, what->machine ? what->machine : EM_X86_64, 2);
	put(&image, is_32 ? 28 : 32, 64, is_32 ? 4 : 8);
	put(&image, is_32 ? 42 : 54, is_32 ? 32 : 56, 2);
	put(&image, is_32 ? 44 : 56, what->interp ? 3 : 2, 2);
	put_table(&image);
	put_header(&image, 0, PT_LOAD, 0, AT_STRINGS + STRINGS_SIZE);
	put_header(&image, 1, PT_DYNAMIC, AT_DYNAMIC, AT_STRINGS - AT_DYNAMIC);
	if (what->interp) {
		put_text(&image, AT_INTERP, what->interp);
		put_header(&image, 2, PT_INTERP, AT_INTERP, strlen(what->interp) + 1);
	}
	return image.used;
}

/* --- files --- */

int fixture_set_up(void **state)
{
	(void)state;
	(void)snprintf(fixture_dir, sizeof(fixture_dir), "/tmp/tinyrun-test-bundle-XXXXXX");
	assert_non_null(mkdtemp(fixture_dir));
	return 0;
}

int fixture_tear_down(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(chdir("/tmp"), 0);
	return path_remove_tree(AT_FDCWD, strrchr(fixture_dir, '/') + 1, &e);
}

const char *fixture_path(const char *name)
{
	static char paths[16][512];
	static unsigned next;
	char *path = paths[next++ % 16];

	assert_true(snprintf(path, sizeof(paths[0]), "%s/%s", fixture_dir, name) < 512);
	for (char *slash = path + strlen(fixture_dir); (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
		*slash = '/';
	}
	return path;
}

const char *fixture_file(const char *name, const void *data, size_t size, unsigned mode)
{
	const char *path = fixture_path(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
	return path;
}

const char *fixture_program(const char *name, const struct fixture_elf *what)
{
	unsigned char data[FIXTURE_ELF_MAX];

	return fixture_file(name, data, fixture_elf(what, data), 0755);
}

const char *fixture_link(const char *name, const char *target)
{
	const char *path = fixture_path(name);

	assert_int_equal(symlink(target, path), 0);
	return path;
}

void fixture_assert_said(const struct err *e, const char *part)
{
	char text[ERR_STR_SIZE];

	if (!strstr(err_str(e, text, sizeof(text)), part))
		fail_msg("\"%s\" is not in \"%s\"", part, text);
}
