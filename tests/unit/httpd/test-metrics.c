/* SPDX-License-Identifier: Apache-2.0 */
/* The text of /-/metrics, as a scraper reads it. */
#include "httpd/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct buf write_text(const struct metrics *m)
{
	const struct metrics_server s = {.log_dropped = 3, .started_sec = 100, .now_sec = 107};
	struct buf out = BUF_INIT;

	metrics_write(m, &s, &out);
	assert_false(out.failed);
	return out;
}

/* The value of the sample @name, as it stands; NULL when there is none. */
static char *value_of(const struct buf *text, const char *name)
{
	static char value[64];
	char line[128];
	const char *at;

	snprintf(line, sizeof(line), "\n%s ", name);
	at = memmem(text->data, text->len, line, strlen(line));
	if (!at || sscanf(at + strlen(line), "%63[^\n]", value) != 1)
		return NULL;
	return value;
}

static void test_metrics_say_what_was_counted(void **state)
{
	struct metrics m = {0}, sum = {0};
	struct buf text;

	(void)state;
	metrics_request(&m, 200, 10);
	metrics_request(&m, 200, 5);
	metrics_request(&m, 404, 0);
	metrics_add(&m.accepted, 2);
	metrics_sum(&sum, &m);
	metrics_sum(&sum, &m);
	text = write_text(&sum);
	assert_string_equal(value_of(&text, "tinyhttpd_requests_total{code=\"200\"}"), "4");
	assert_string_equal(value_of(&text, "tinyhttpd_requests_total{code=\"404\"}"), "2");
	assert_null(value_of(&text, "tinyhttpd_requests_total{code=\"500\"}"));
	assert_string_equal(value_of(&text, "tinyhttpd_body_bytes_total"), "30");
	assert_string_equal(value_of(&text, "tinyhttpd_connections_total"), "4");
	assert_string_equal(value_of(&text, "tinyhttpd_log_dropped_total"), "3");
	assert_string_equal(value_of(&text, "tinyhttpd_uptime_seconds"), "7");
	buf_done(&text);
}

/* To the microsecond, however much it is: what is of interest is how it grows. */
static void test_metrics_have_a_histogram_of_latencies(void **state)
{
	struct metrics m = {0};
	struct buf text;

	(void)state;
	metrics_latency(&m, 50);
	metrics_latency(&m, 51);
	metrics_latency(&m, 2500);
	metrics_latency(&m, 12345678901);
	text = write_text(&m);
	assert_string_equal(value_of(&text, "tinyhttpd_request_seconds_bucket{le=\"5e-05\"}"), "1");
	assert_string_equal(value_of(&text, "tinyhttpd_request_seconds_bucket{le=\"0.0001\"}"),
			    "2");
	assert_string_equal(value_of(&text, "tinyhttpd_request_seconds_bucket{le=\"0.001\"}"), "2");
	assert_string_equal(value_of(&text, "tinyhttpd_request_seconds_bucket{le=\"0.0025\"}"),
			    "3");
	assert_string_equal(value_of(&text, "tinyhttpd_request_seconds_bucket{le=\"10\"}"), "3");
	assert_string_equal(value_of(&text, "tinyhttpd_request_seconds_bucket{le=\"+Inf\"}"), "4");
	assert_string_equal(value_of(&text, "tinyhttpd_request_seconds_count"), "4");
	assert_string_equal(value_of(&text, "tinyhttpd_request_seconds_sum"), "12345.681502");
	buf_done(&text);
}

/* Each sample stands behind the HELP and the TYPE of its family, which are there once. */
static void test_metrics_are_prometheus_text(void **state)
{
	struct metrics m = {0};
	char family[64] = "", word[64], kind[16], *line, *rest;
	unsigned families = 0;
	struct buf text;

	(void)state;
	metrics_request(&m, 200, 1);
	text = write_text(&m);
	assert_int_equal(text.data[text.len - 1], '\n');
	for (line = strtok_r(text.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (sscanf(line, "# HELP %63s", word) == 1) {
			char type[96];

			assert_string_not_equal(word, family);
			strcpy(family, word);
			families++;
			line = strtok_r(NULL, "\n", &rest);
			assert_non_null(line);
			snprintf(type, sizeof(type), "# TYPE %s %%15s", family);
			assert_int_equal(sscanf(line, type, kind), 1);
			assert_true(strcmp(kind, "counter") == 0 || strcmp(kind, "gauge") == 0 ||
				    strcmp(kind, "histogram") == 0);
			continue;
		}
		assert_memory_equal(line, family, strlen(family));
		assert_true(strcmp(kind, "histogram") == 0 ||
			    strcspn(line, "{ ") == strlen(family));
		assert_true(strncmp(kind, "counter", 8) != 0 ||
			    strcmp(family + strlen(family) - 6, "_total") == 0);
	}
	assert_true(families > 15);
	buf_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_metrics_say_what_was_counted),
		cmocka_unit_test(test_metrics_have_a_histogram_of_latencies),
		cmocka_unit_test(test_metrics_are_prometheus_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
