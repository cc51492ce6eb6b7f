/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The corpus of tests/configs: every file of bad/ is refused with exactly the message that
 * bad/expected.txt has for it, every file of good/ loads without a warning.
 *
 * The path of the sources is SRCDIR of the environment, or what the build knew.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "fixture.h"
#include "tinyrun/fd.h"

#ifndef SRCDIR
#define SRCDIR "."
#endif

#define MAX_TEXT ((size_t)1 << 20)

static char *path_of(const char *dir, const char *file)
{
	const char *src = getenv("SRCDIR") ? getenv("SRCDIR") : SRCDIR;
	char *path = NULL;

	assert_true(asprintf(&path, "%s/tests/configs/%s/%s", src, dir, file) > 0);
	return path;
}

static char *read_text(const char *dir, const char *file, size_t *ret_len)
{
	auto_free char *path = path_of(dir, file);
	FILE *f = fopen(path, "re");
	char *text = malloc(MAX_TEXT);

	if (!f || !text)
		fail_msg("open %s", path);
	*ret_len = fread(text, 1, MAX_TEXT - 1, f);
	text[*ret_len] = '\0';
	fclose(f);
	return text;
}

/* Reads the rules of linux.seccomp too, which spec_parse() leaves for later. */
static bool is_accepted(const char *dir, const char *file)
{
	size_t len;
	auto_free char *text = read_text(dir, file, &len);
	auto_spec struct spec *spec = fixture_parse_text(text, len);
	struct spec_seccomp *seccomp = NULL;
	struct err e = ERR_INIT;

	if (spec && spec->seccomp_text && spec_seccomp_load(spec, &seccomp, &e) < 0) {
		err_str(&e, fixture_error, sizeof(fixture_error));
		return false;
	}
	spec_seccomp_free(&seccomp);
	return spec != NULL;
}

static void test_each_bad_config_has_its_message(void **state)
{
	size_t len, n = 0, wrong = 0;
	auto_free char *expected = read_text("bad", "expected.txt", &len);

	(void)state;
	for (char *line = strtok(expected, "\n"); line; line = strtok(NULL, "\n"), n++) {
		char *message = strchr(line, '\t');

		assert_non_null(message);
		*message++ = '\0';
		if (!is_accepted("bad", line) && strcmp(fixture_error, message) == 0)
			continue;
		print_message("%s:\n  expected: %s\n  found:    %s\n", line, message,
			      fixture_error[0] ? fixture_error : "accepted");
		wrong++;
	}
	assert_int_equal(wrong, 0);
	assert_true(n >= 60);
}

static size_t each_json(const char *dir, void (*each)(const char *dir, const char *file))
{
	auto_free char *path = path_of(dir, "");
	DIR *d = opendir(path);
	size_t n = 0;

	if (!d)
		fail_msg("open %s", path);
	for (struct dirent *entry = readdir(d); entry; entry = readdir(d)) {
		const char *dot = strrchr(entry->d_name, '.');

		if (!dot || strcmp(dot, ".json") != 0)
			continue;
		each(dir, entry->d_name);
		n++;
	}
	closedir(d);
	return n;
}

static void expect_listed(const char *dir, const char *file)
{
	size_t len;
	auto_free char *expected = read_text(dir, "expected.txt", &len);

	if (!strstr(expected, file))
		fail_msg("%s is not in expected.txt", file);
}

static void expect_accepted(const char *dir, const char *file)
{
	if (!is_accepted(dir, file))
		fail_msg("%s: %s", file, fixture_error);
	if (fixture_warnings[0])
		fail_msg("%s: %s", file, fixture_warnings);
}

static void test_each_bad_config_is_listed(void **state)
{
	(void)state;
	assert_true(each_json("bad", expect_listed) >= 60);
}

static void test_configs_as_engines_write_them_load(void **state)
{
	(void)state;
	assert_true(each_json("good", expect_accepted) >= 8);
}

static void test_a_file_is_loaded_from_its_directory(void **state)
{
	auto_free char *path = path_of("good", "");
	auto_fd int dir_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_spec struct spec *spec = NULL;
	struct spec *none = NULL;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(spec_load(dir_fd, "minimal.json", NULL, &spec, &e), 0);
	assert_string_equal(spec->root_path, "/srv/rootfs");
	assert_int_equal(spec_load(dir_fd, "config.json", NULL, &none, &e), -ENOENT);
	assert_null(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_bad_config_has_its_message),
		cmocka_unit_test(test_each_bad_config_is_listed),
		cmocka_unit_test(test_configs_as_engines_write_them_load),
		cmocka_unit_test(test_a_file_is_loaded_from_its_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
