/* SPDX-License-Identifier: Apache-2.0 */
/* test-opt - every spelling of an option, every error, and which name is the nearest. */
#include "cli/opt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct target {
	bool force, detach, trace;
	const char *bundle, *trace_file;
	unsigned fds, format;
};

static const struct opt table[] = {
	OPT_FLAG("force", 'f', struct target, force, "force it"),
	OPT_FLAG("detach", 'd', struct target, detach, "detach it"),
	OPT_TEXT("bundle", 'b', struct target, bundle, "DIR", "where it is"),
	OPT_NUMBER("preserve-fds", 0, struct target, fds, "N", "how many"),
	OPT_WORD("format", 'F', struct target, format, "table|json", "how to print"),
	OPT_FLAG_TEXT("trace", 0, struct target, trace, trace_file, "FILE", "how long it took"),
	OPT_IGNORED_FLAG("no-subreaper", 0),
	OPT_IGNORED_TEXT("criu", 0, "FILE"),
	OPT_END};

/* The last parse: its target, what is left of the words, and the error as one line. */
static struct target got;
static char *left[16];
static int n_left;
static char message[512];

static int parse_in_order(enum opt_order order, const char *const *words)
{
	struct err e = ERR_INIT;
	int argc = 0, r;

	memset(&got, 0, sizeof(got));
	n_left = -1;
	for (; words[argc]; argc++)
		left[argc] = (char *)(uintptr_t)words[argc];
	r = opt_parse(table, order, argc, left, &got, &n_left, &e);
	(void)err_str(&e, message, sizeof(message));
	return r;
}

#define PARSE(...)       parse_in_order(OPT_ANYWHERE, (const char *const[]){__VA_ARGS__, NULL})
#define PARSE_FIRST(...) parse_in_order(OPT_FIRST, (const char *const[]){__VA_ARGS__, NULL})

static void test_opt_reads_every_spelling_of_a_value(void **state)
{
	(void)state;
	const char *const spellings[][3] = {
		{"--bundle", "/b"}, {"--bundle=/b"}, {"-bundle", "/b"},
		{"-bundle=/b"},     {"-b", "/b"},    {"-b/b"},
		{"-b=/b"},          {"--b", "/b"},   {"--b=/b"},
	};

	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		assert_int_equal(parse_in_order(OPT_ANYWHERE, spellings[i]), 0);
		assert_string_equal(got.bundle, "/b");
		assert_int_equal(n_left, 0);
	}
}

static void test_opt_reads_every_spelling_of_a_flag(void **state)
{
	(void)state;
	const char *const on[][2] = {
		{"--force"},      {"-force"},   {"-f"},           {"--f"},
		{"--force=true"}, {"-force=1"}, {"--force=True"}, {"-f=t"},
	};
	const char *const off[][2] = {{"--force=false"}, {"-f=0"}, {"--force=F"}};

	for (size_t i = 0; i < sizeof(on) / sizeof(on[0]); i++) {
		assert_int_equal(parse_in_order(OPT_ANYWHERE, on[i]), 0);
		assert_true(got.force);
	}
	for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
		assert_int_equal(parse_in_order(OPT_ANYWHERE, off[i]), 0);
		assert_false(got.force);
	}
}

static void test_opt_reads_letters_in_one_word(void **state)
{
	(void)state;
	assert_int_equal(PARSE("-fdb", "/b", "id"), 0);
	assert_true(got.force && got.detach);
	assert_string_equal(got.bundle, "/b");
	assert_string_equal(left[0], "id");
	assert_int_equal(PARSE("-dFjson"), 0);
	assert_true(got.detach);
	assert_int_equal(got.format, 1);
}

static void test_opt_takes_a_value_that_looks_like_an_option(void **state)
{
	(void)state;
	assert_int_equal(PARSE("--bundle", "--force", "id"), 0);
	assert_string_equal(got.bundle, "--force");
	assert_false(got.force);
	assert_int_equal(PARSE("--bundle=a=b"), 0);
	assert_string_equal(got.bundle, "a=b");
	assert_int_equal(PARSE("--bundle="), 0);
	assert_string_equal(got.bundle, "");
}

static void test_opt_what_is_given_twice_counts_the_last_time(void **state)
{
	(void)state;
	assert_int_equal(PARSE("-b", "1", "--bundle=2", "--force", "--force=false"), 0);
	assert_string_equal(got.bundle, "2");
	assert_false(got.force);
}

static void test_opt_a_text_may_be_left_out_where_the_row_says_so(void **state)
{
	(void)state;
	assert_int_equal(PARSE("--trace", "id"), 0);
	assert_true(got.trace);
	assert_null(got.trace_file);
	assert_int_equal(n_left, 1);
	assert_int_equal(PARSE("-trace=t.json", "id"), 0);
	assert_true(got.trace);
	assert_string_equal(got.trace_file, "t.json");
}

static void test_opt_ignores_what_it_is_told_to_ignore(void **state)
{
	(void)state;
	assert_int_equal(PARSE("-no-subreaper", "--no-subreaper=false", "--criu", "x", "id"), 0);
	assert_int_equal(n_left, 1);
	assert_string_equal(left[0], "id");
	assert_int_equal(PARSE("--criu=x"), 0);
}

static void test_opt_anywhere_gathers_positional_arguments(void **state)
{
	(void)state;
	assert_int_equal(PARSE("a", "--force", "b", "-", "-b", "/b", "c"), 0);
	assert_true(got.force);
	assert_int_equal(n_left, 4);
	assert_string_equal(left[0], "a");
	assert_string_equal(left[1], "b");
	assert_string_equal(left[2], "-");
	assert_string_equal(left[3], "c");
}

static void test_opt_first_stops_at_the_first_positional_argument(void **state)
{
	(void)state;
	assert_int_equal(PARSE_FIRST("-f", "id", "-d", "--nonsense"), 0);
	assert_true(got.force);
	assert_false(got.detach);
	assert_int_equal(n_left, 3);
	assert_string_equal(left[1], "-d");
	assert_string_equal(left[2], "--nonsense");
}

static void test_opt_two_dashes_end_the_options(void **state)
{
	(void)state;
	assert_int_equal(PARSE("-f", "a", "--", "-d", "--"), 0);
	assert_true(got.force);
	assert_false(got.detach);
	assert_int_equal(n_left, 3);
	assert_string_equal(left[1], "-d");
	assert_string_equal(left[2], "--");
}

static void test_opt_help_is_told_to_the_caller(void **state)
{
	(void)state;
	assert_int_equal(PARSE("--help"), OPT_E_HELP);
	assert_int_equal(PARSE("-h", "--nonsense"), OPT_E_HELP);
	assert_int_equal(PARSE("-help"), OPT_E_HELP);
	assert_int_equal(PARSE("id", "-fh"), OPT_E_HELP);
}

static void test_opt_an_unknown_flag_names_the_nearest(void **state)
{
	(void)state;
	assert_true(PARSE("--bundel", "/b") < 0);
	assert_string_equal(message, "unknown flag --bundel (did you mean --bundle?)");
	assert_true(PARSE("--bundel=/b") < 0);
	assert_string_equal(message, "unknown flag --bundel=/b (did you mean --bundle?)");
	assert_true(PARSE("--no-subreper") < 0);
	assert_string_equal(message, "unknown flag --no-subreper (did you mean --no-subreaper?)");
	assert_true(PARSE("-trcae") < 0);
	assert_string_equal(message, "unknown flag -trcae (did you mean --trace?)");
	assert_true(PARSE("--xyzzyxyzzy") < 0);
	assert_string_equal(message, "unknown flag --xyzzyxyzzy (--help lists them)");
	assert_true(PARSE("-x") < 0);
	assert_string_equal(message, "unknown flag -x (--help lists them)");
	assert_true(PARSE("-fx") < 0);
	assert_true(PARSE("--=x") < 0);
	assert_true(PARSE("-=x") < 0);
	assert_true(PARSE("---force") < 0);
}

static void test_opt_a_missing_value_is_an_error(void **state)
{
	(void)state;
	/* podman looks for these words */
	assert_true(PARSE("id", "--bundle") < 0);
	assert_string_equal(message, "flag needs an argument: --bundle");
	assert_true(PARSE("-fb") < 0);
	assert_string_equal(message, "flag needs an argument: --bundle");
	assert_true(PARSE("--criu") < 0);
}

static void test_opt_numbers_are_strict(void **state)
{
	(void)state;
	const char *const wrong[] = {"-1", "+1",   "1x",      "",
				     " 1", "0x10", "1048577", "18446744073709551617"};

	assert_int_equal(PARSE("--preserve-fds", "3"), 0);
	assert_int_equal(got.fds, 3);
	assert_int_equal(PARSE("--preserve-fds=1048576"), 0);
	assert_int_equal(got.fds, 1048576);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_true(PARSE("--preserve-fds", wrong[i]) < 0);
		assert_non_null(strstr(message, "is not a number from 0 to 1048576"));
	}
}

static void test_opt_words_are_those_of_the_row(void **state)
{
	(void)state;
	const char *const wrong[] = {"xml", "", "tab", "table|json", "|", "JSON"};

	assert_int_equal(PARSE("--format", "json"), 0);
	assert_int_equal(got.format, 1);
	assert_int_equal(PARSE("--format", "json", "--format=table"), 0);
	assert_int_equal(got.format, 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_true(PARSE("--format", wrong[i]) < 0);
	assert_string_equal(message, "--format: \"JSON\" is not one of table|json");
}

static void test_opt_a_flag_takes_only_truth_values(void **state)
{
	(void)state;
	assert_true(PARSE("--force=yes") < 0);
	assert_string_equal(message, "--force: \"yes\" is neither true nor false");
	assert_true(PARSE("--force=") < 0);
	assert_true(PARSE("--no-subreaper=maybe") < 0);
}

static void test_opt_help_has_a_line_for_each_row(void **state)
{
	(void)state;
	auto_buf struct buf out = BUF_INIT;

	opt_help(table, &out);
	assert_non_null(strstr(out.data, "-f, --force "));
	assert_non_null(strstr(out.data, "-b, --bundle DIR "));
	assert_non_null(strstr(out.data, "    --trace[=FILE] "));
	assert_non_null(strstr(out.data, "-F, --format table|json "));
	assert_non_null(strstr(out.data, "-h, --help "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opt_reads_every_spelling_of_a_value),
		cmocka_unit_test(test_opt_reads_every_spelling_of_a_flag),
		cmocka_unit_test(test_opt_reads_letters_in_one_word),
		cmocka_unit_test(test_opt_takes_a_value_that_looks_like_an_option),
		cmocka_unit_test(test_opt_what_is_given_twice_counts_the_last_time),
		cmocka_unit_test(test_opt_a_text_may_be_left_out_where_the_row_says_so),
		cmocka_unit_test(test_opt_ignores_what_it_is_told_to_ignore),
		cmocka_unit_test(test_opt_anywhere_gathers_positional_arguments),
		cmocka_unit_test(test_opt_first_stops_at_the_first_positional_argument),
		cmocka_unit_test(test_opt_two_dashes_end_the_options),
		cmocka_unit_test(test_opt_help_is_told_to_the_caller),
		cmocka_unit_test(test_opt_an_unknown_flag_names_the_nearest),
		cmocka_unit_test(test_opt_a_missing_value_is_an_error),
		cmocka_unit_test(test_opt_numbers_are_strict),
		cmocka_unit_test(test_opt_words_are_those_of_the_row),
		cmocka_unit_test(test_opt_a_flag_takes_only_truth_values),
		cmocka_unit_test(test_opt_help_has_a_line_for_each_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
