/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log - the access log, in Common Log Format on standard output.
 *
 * Lines are collected and written once a turn of the loop, and never waited for: when whoever reads
 * them does not keep up, they are dropped, counted, and the count is said on standard error.
 */
#ifndef HTTPD_LOG_H
#define HTTPD_LOG_H

#include "httpd/parse.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#define LOG_SIZE 16384

struct log {
	bool on;
	int fd;
	uint32_t len;
	uint64_t dropped;
	char data[LOG_SIZE];
};

void log_init(struct log *log, bool on, int fd);
/* @p may be NULL: an answer without a request. */
void log_request(struct log *log, const struct in6_addr *client, const struct parse *p,
		 const char *head, int status, uint64_t bytes, int64_t now_sec);
void log_flush(struct log *log);

#endif
