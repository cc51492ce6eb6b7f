/* SPDX-License-Identifier: Apache-2.0 */
/* capture - one call of the program within a test, with what it wrote. */
#ifndef TESTS_CLI_CAPTURE_H
#define TESTS_CLI_CAPTURE_H

struct captured {
	int status;
	char out[16384], err[4096];
};

/* Calls cli_main() with "tinyrun" and @words (NULL at the end). */
const struct captured *capture(const char *const *words);
#define CAPTURE(...) capture((const char *const[]){__VA_ARGS__, NULL})
/* The same with standard output at the file @path. */
const struct captured *capture_to(const char *path, const char *const *words);

#endif
