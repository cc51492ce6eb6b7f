/* SPDX-License-Identifier: Apache-2.0 */
/*
 * records - the properties that tinyrun has listed, from their strings into a D-Bus message.
 *
 * A record is: name, signature, the version of systemd that has it, the number of values, values.
 * Both programs are of one build, so what does not fit is a mistake of ours, and only refused.
 */
#include "systemd/records.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX (1u << 20)

/*
 * The list is written at once and the writer then keeps its end open: reading goes on until the
 * records are whole, not until the end of file.
 */
struct cursor {
	const char *at, *end;
	int error;
};

static const char *next(struct cursor *c)
{
	const char *s = c->at;
	const char *zero = memchr(s, 0, (size_t)(c->end - s));

	if (!zero) {
		c->error = -EINVAL;
		return "";
	}
	c->at = zero + 1;
	return s;
}

static unsigned long next_number(struct cursor *c, unsigned long max)
{
	const char *s = next(c);
	char *end;
	unsigned long n = strtoul(s, &end, 10);

	if (*s == 0 || *end || n > max)
		c->error = -EINVAL;
	return n;
}

static int is_whole(const struct records *r)
{
	struct cursor c = {.at = r->text, .end = r->text + r->len};

	while (!c.error && *next(&c)) {
		unsigned long n;

		(void)next(&c);
		(void)next(&c);
		n = next_number(&c, TEXT_MAX);
		while (n-- > 0 && !c.error)
			(void)next(&c);
	}
	return !c.error;
}

int records_read(struct records *ret, int fd)
{
	ret->text = malloc(TEXT_MAX);
	ret->len = 0;
	if (!ret->text)
		return -ENOMEM;
	while (ret->len == 0 || ret->text[ret->len - 1] || !is_whole(ret)) {
		ssize_t n = read(fd, ret->text + ret->len, TEXT_MAX - ret->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -EINVAL;
		ret->len += (size_t)n;
	}
	return 0;
}

void records_done(struct records *records)
{
	free(records->text);
	*records = (struct records){.text = NULL};
}

static int append_bytes(sd_bus_message *m, const char *hex)
{
	size_t len = strlen(hex) / 2;
	uint8_t *bytes = malloc(len + 1);
	int r;

	if (!bytes)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++) {
		const char digits[3] = {hex[2 * i], hex[2 * i + 1], 0};

		bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	r = sd_bus_message_append_array(m, 'y', bytes, len);
	free(bytes);
	return r;
}

static int append_basic(sd_bus_message *m, char type, const char *s)
{
	uint64_t u = strtoull(s, NULL, 10);
	int64_t i = strtoll(s, NULL, 10);

	switch (type) {
	case 's':
		return sd_bus_message_append(m, "s", s);
	case 'b':
		return sd_bus_message_append(m, "b", strcmp(s, "true") == 0);
	case 'y':
		return sd_bus_message_append(m, "y", (int)u);
	case 'n':
		return sd_bus_message_append(m, "n", (int)i);
	case 'q':
		return sd_bus_message_append(m, "q", (int)u);
	case 'i':
		return sd_bus_message_append(m, "i", (int32_t)i);
	case 'u':
		return sd_bus_message_append(m, "u", (uint32_t)u);
	case 'x':
		return sd_bus_message_append(m, "x", i);
	case 't':
		return sd_bus_message_append(m, "t", u);
	default:
		return -EINVAL;
	}
}

static int append_strings(sd_bus_message *m, struct cursor *c, unsigned long n)
{
	int r = sd_bus_message_open_container(m, 'a', "s");

	while (r >= 0 && n-- > 0)
		r = sd_bus_message_append(m, "s", next(c));
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_value(sd_bus_message *m, const char *signature, struct cursor *c, unsigned long n)
{
	if (strcmp(signature, "as") == 0)
		return append_strings(m, c, n);
	if (n != 1)
		return -EINVAL;
	if (strcmp(signature, "ay") == 0)
		return append_bytes(m, next(c));
	return signature[1] ? -EINVAL : append_basic(m, signature[0], next(c));
}

static int append_one(sd_bus_message *m, const char *name, const char *signature, struct cursor *c,
		      unsigned long n)
{
	int r = sd_bus_message_open_container(m, 'r', "sv");

	if (r >= 0)
		r = sd_bus_message_append(m, "s", name);
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'v', signature);
	if (r >= 0)
		r = append_value(m, signature, c, n);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

int records_append(const struct records *records, unsigned version, sd_bus_message *m)
{
	struct cursor c = {.at = records->text, .end = records->text + records->len};
	const char *name;
	int r = 0;

	while (r >= 0 && *(name = next(&c))) {
		const char *signature = next(&c);
		unsigned long since = next_number(&c, INT_MAX), n = next_number(&c, TEXT_MAX);

		if (since <= version) {
			r = append_one(m, name, signature, &c, n);
			continue;
		}
		while (n-- > 0)
			(void)next(&c);
	}
	return r < 0 ? r : c.error;
}
