/* SPDX-License-Identifier: Apache-2.0 */
/* test-list - where libraries are found, what a script brings, and the tree that comes of it. */
#include "fixture.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tinyrun/bundle.h"
#include "tinyrun/path.h"

static struct bundle b;
static struct err why;

static int set_up(void **state)
{
	b = BUNDLE_INIT;
	why = ERR_INIT;
	return fixture_set_up(state);
}

static int tear_down(void **state)
{
	bundle_done(&b);
	return fixture_tear_down(state);
}

static void add(const char *path)
{
	char text[ERR_STR_SIZE];

	if (bundle_add_program(&b, path, NULL, &why) < 0)
		fail_msg("%s", err_str(&why, text, sizeof(text)));
}

static void assert_has(enum bundle_kind kind, const char *path, const char *from)
{
	const struct bundle_entry *entry = bundle_find(&b, path);

	if (!entry)
		fail_msg("%s is not in the list", path);
	assert_int_equal(entry->kind, kind);
	if (from)
		assert_string_equal(entry->from, from);
}

static void assert_file(const char *name)
{
	assert_has(BUNDLE_FILE, fixture_path(name), fixture_path(name));
}

static void assert_absent(const char *name)
{
	assert_null(bundle_find(&b, fixture_path(name)));
}

static void library(const char *name, const char *needed)
{
	(void)fixture_program(name, &(struct fixture_elf){.needed = {needed}});
}

static void test_runpath_and_origin(void **state)
{
	(void)state;
	library("lib/libone.so", NULL);
	add(fixture_program("bin/prog", &(struct fixture_elf){.runpath = "/nowhere:$ORIGIN/../lib",
							      .needed = {"libone.so"}}));
	assert_file("bin/prog");
	assert_file("lib/libone.so");
}

static void test_a_runpath_is_not_for_the_libraries_libraries(void **state)
{
	(void)state;
	library("lib/libone.so", "libtwo.so");
	library("lib/libtwo.so", NULL);
	assert_int_equal(
		bundle_add_program(
			&b,
			fixture_program("prog", &(struct fixture_elf){.runpath = "$ORIGIN/lib",
								      .needed = {"libone.so"}}),
			NULL, &why),
		-EINVAL);
	fixture_assert_said(&why, "/lib/libone.so needs the library libtwo.so, which is in none");
}

static void test_an_rpath_is_for_the_libraries_libraries_too(void **state)
{
	(void)state;
	library("lib/libone.so", "libtwo.so");
	library("lib/libtwo.so", NULL);
	add(fixture_program(
		"prog", &(struct fixture_elf){.rpath = "${ORIGIN}/lib", .needed = {"libone.so"}}));
	assert_file("lib/libtwo.so");
}

static void test_an_rpath_beside_a_runpath_does_not_count(void **state)
{
	(void)state;
	library("old/libone.so", NULL);
	library("new/libone.so", NULL);
	add(fixture_program("prog", &(struct fixture_elf){.rpath = "$ORIGIN/old",
							  .runpath = "$ORIGIN/new",
							  .needed = {"libone.so"}}));
	assert_file("new/libone.so");
	assert_absent("old/libone.so");
}

static void test_a_library_of_another_machine_is_passed_over(void **state)
{
	(void)state;
	(void)fixture_program("a/libone.so", &(struct fixture_elf){.machine = EM_AARCH64});
	(void)fixture_file("b/libone.so", "no library", 10, 0644);
	library("c/libone.so", NULL);
	add(fixture_program("prog",
			    &(struct fixture_elf){.runpath = "$ORIGIN/a:$ORIGIN/b:$ORIGIN/c",
						  .needed = {"libone.so"}}));
	assert_file("c/libone.so");
	assert_absent("a/libone.so");
}

static void test_lib_and_platform_stand_for_the_machines(void **state)
{
	(void)state;
	library("x86_64/lib64/libone.so", NULL);
	add(fixture_program("prog", &(struct fixture_elf){.runpath = "$ORIGIN/$PLATFORM/${LIB}",
							  .needed = {"libone.so"}}));
	assert_file("x86_64/lib64/libone.so");
}

static void test_libraries_in_a_circle_come_once(void **state)
{
	(void)state;
	struct fixture_elf one = {.rpath = "$ORIGIN", .needed = {"libtwo.so"}};
	struct fixture_elf two = {.rpath = "$ORIGIN", .needed = {"libone.so", "libtwo.so"}};
	size_t n;

	(void)fixture_program("libone.so", &one);
	(void)fixture_program("libtwo.so", &two);
	add(fixture_program("prog", &one));
	n = b.n;
	add(fixture_path("prog"));
	assert_int_equal(b.n, n);
	assert_file("libone.so");
	assert_file("libtwo.so");
}

static void test_links_on_the_way_are_kept(void **state)
{
	(void)state;
	library("usr/lib/libone.so.1.2", NULL);
	(void)fixture_link("usr/lib/libone.so.1", "libone.so.1.2");
	(void)fixture_link("lib", "usr/lib");
	add(fixture_program("prog", &(struct fixture_elf){.runpath = "$ORIGIN/lib",
							  .needed = {"libone.so.1"}}));
	assert_has(BUNDLE_LINK, fixture_path("lib"), "usr/lib");
	assert_has(BUNDLE_LINK, fixture_path("usr/lib/libone.so.1"), "libone.so.1.2");
	assert_file("usr/lib/libone.so.1.2");
}

static void test_links_in_a_circle_are_an_error(void **state)
{
	(void)state;
	(void)fixture_link("a", "b");
	assert_true(bundle_add_program(&b, fixture_link("b", "./x/../a"), NULL, &why) < 0);
	(void)fixture_path("x/y");
	why = ERR_INIT;
	assert_int_equal(bundle_add_path(&b, fixture_path("b"), &why), -ELOOP);
}

static void test_a_script_brings_its_interpreter(void **state)
{
	(void)state;
	char text[1024];

	(void)fixture_program("bin/interp", &(struct fixture_elf){.interp = NULL});
	(void)snprintf(text, sizeof(text), "#! %s/bin/interp -x\nmore\n", fixture_dir);
	add(fixture_file("script", text, strlen(text), 0755));
	assert_file("script");
	assert_file("bin/interp");
}

static void test_env_brings_the_program_behind_it(void **state)
{
	(void)state;
	char text[1024];

	(void)fixture_program("bin/env", &(struct fixture_elf){.interp = NULL});
	(void)fixture_program("bin/lang", &(struct fixture_elf){.interp = NULL});
	(void)snprintf(text, sizeof(text), "#!%s/bin/env -S A=1 %s/bin/lang -w", fixture_dir,
		       fixture_dir);
	add(fixture_file("script", text, strlen(text), 0755));
	assert_file("bin/lang");
}

static void assert_refused(const char *path, const char *said)
{
	why = ERR_INIT;
	assert_true(bundle_add_program(&b, path, NULL, &why) < 0);
	fixture_assert_said(&why, said);
}

static void test_what_is_no_program_has_a_sentence(void **state)
{
	(void)state;
	char text[1024];

	assert_refused("", "the name of a program is empty");
	assert_refused("no-such-program-anywhere", "there is no program no-such-program-anywhere");
	assert_refused(fixture_path("nothing"), "No such file");
	assert_refused(fixture_dir, "is not a file");
	assert_refused(fixture_file("data", "data", 4, 0644), "cannot be executed");
	assert_refused(fixture_file("text", "text", 4, 0755),
		       "neither an ELF program nor a script");
	assert_refused(fixture_file("sh", "#!sh\n", 5, 0755), "names no absolute path");
	assert_refused(fixture_file("none", "#!\n", 3, 0755), "names no absolute path");
	(void)snprintf(text, sizeof(text), "#!%s/self\n", fixture_dir);
	assert_int_equal(bundle_find(&b, "/x") == NULL, 1);
	(void)fixture_file("self", text, strlen(text), 0755);
	add(fixture_path("self")); /* the kernel would refuse it; it is complete all the same */
	assert_refused(fixture_program("alien", &(struct fixture_elf){.interp = "/no/ld.so"}),
		       "alien needs the loader /no/ld.so, which is not on this host");
}

/* --- writing --- */

static int make_out(const char *name)
{
	int fd;

	assert_int_equal(mkdir(fixture_path(name), 0755), 0);
	fd = open(fixture_path(name), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static struct stat stat_out(const char *name, const char *path)
{
	char text[1024];
	struct stat st;

	(void)snprintf(text, sizeof(text), "%s%s", fixture_path(name), path);
	if (lstat(text, &st) < 0)
		fail_msg("%s is not there", text);
	return st;
}

static void test_written_are_bytes_modes_and_links_without_setuid(void **state)
{
	(void)state;
	int out;

	(void)fixture_file("tree/deep/secret", "12345", 5, 0640);
	(void)fixture_link("tree/link", "deep/secret");
	assert_int_equal(bundle_add_path(&b, fixture_path("tree"), &why), 0);
	assert_int_equal(bundle_add_path(&b, fixture_file("suid", "x", 1, 04755), &why), 0);
	assert_int_equal(bundle_add_dir(&b, "/tmp/inner", 01777, &why), 0);
	assert_int_equal(bundle_add_text(&b, "/etc/passwd", "root\n", &why), 0);
	out = make_out("out");
	assert_int_equal(bundle_write(&b, out, &why), 0);
	assert_int_equal(stat_out("out", fixture_path("tree/deep/secret")).st_size, 5);
	assert_int_equal(stat_out("out", fixture_path("tree/deep/secret")).st_mode & 07777, 0640);
	assert_true(S_ISLNK(stat_out("out", fixture_path("tree/link")).st_mode));
	assert_int_equal(stat_out("out", fixture_path("suid")).st_mode & 07777, 0755);
	assert_int_equal(stat_out("out", "/tmp/inner").st_mode & 07777, 01777);
	assert_int_equal(stat_out("out", "/etc/passwd").st_size, 5);
	(void)close(out);
}

static void test_laid_out_are_empty_places(void **state)
{
	(void)state;
	int out;

	(void)fixture_file("tree/file", "12345", 5, 0640);
	assert_int_equal(bundle_add_path(&b, fixture_path("tree"), &why), 0);
	assert_int_equal(bundle_add_path(&b, fixture_file("file", "x", 1, 0600), &why), 0);
	out = make_out("out");
	assert_int_equal(bundle_lay_out(&b, out, &why), 0);
	assert_int_equal(stat_out("out", fixture_path("file")).st_size, 0);
	assert_true(S_ISDIR(stat_out("out", fixture_path("tree")).st_mode));
	assert_int_equal(faccessat(out, fixture_path("tree/file") + 1, F_OK, 0), -1);
	(void)close(out);
}

static void test_a_fifo_or_itself_is_not_copied(void **state)
{
	(void)state;
	int out;

	assert_int_equal(mkfifo(fixture_path("tree/fifo"), 0600), 0);
	assert_int_equal(bundle_add_path(&b, fixture_path("tree/fifo"), &why), -EINVAL);
	fixture_assert_said(&why, "neither a file nor a directory");
	assert_int_equal(bundle_add_path(&b, fixture_path("tree"), &why), 0);
	out = make_out("out");
	assert_true(bundle_write(&b, out, &why) < 0);
	fixture_assert_said(&why, "fifo is neither a file, a directory nor a symbolic link");
	(void)close(out);

	bundle_done(&b);
	why = ERR_INIT;
	assert_int_equal(mkdir(fixture_path("own"), 0755), 0);
	out = make_out("own/out");
	assert_int_equal(bundle_add_path(&b, fixture_path("own"), &why), 0);
	assert_true(bundle_write(&b, out, &why) < 0);
	fixture_assert_said(&why, "it has the bundle itself in it");
	(void)close(out);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_runpath_and_origin),
		T(test_a_runpath_is_not_for_the_libraries_libraries),
		T(test_an_rpath_is_for_the_libraries_libraries_too),
		T(test_an_rpath_beside_a_runpath_does_not_count),
		T(test_a_library_of_another_machine_is_passed_over),
		T(test_lib_and_platform_stand_for_the_machines),
		T(test_libraries_in_a_circle_come_once),
		T(test_links_on_the_way_are_kept),
		T(test_links_in_a_circle_are_an_error),
		T(test_a_script_brings_its_interpreter),
		T(test_env_brings_the_program_behind_it),
		T(test_what_is_no_program_has_a_sentence),
		T(test_written_are_bytes_modes_and_links_without_setuid),
		T(test_laid_out_are_empty_places),
		T(test_a_fifo_or_itself_is_not_copied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
