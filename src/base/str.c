/* SPDX-License-Identifier: Apache-2.0 */
/*
 * str - strict numbers and small string helpers.
 *
 * Every uid, pid, signal and limit that comes as text goes through the two parsers here: whole
 * string, no blanks, no plus sign, no wrapping round.
 */
#include "tinyrun/str.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static int parse_digits(const char *s, unsigned base, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (*s == 0)
		return -EINVAL;
	for (const char *p = s; *p; p++)
		if (*p < '0' || (unsigned)(*p - '0') >= base)
			return -EINVAL;
	for (; *s; s++) {
		unsigned digit = (unsigned)(*s - '0');

		if (value > (UINT64_MAX - digit) / base)
			return -ERANGE;
		value = value * base + digit;
	}
	if (value > max)
		return -ERANGE;
	*ret = value;
	return 0;
}

int str_to_u64(const char *s, uint64_t max, uint64_t *ret)
{
	return parse_digits(s, 10, max, ret);
}

int str_to_i64(const char *s, int64_t min, int64_t max, int64_t *ret)
{
	bool negative = *s == '-';
	uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
	uint64_t digits;
	int64_t value;
	int r = parse_digits(s + negative, 10, limit, &digits);

	if (r < 0)
		return r;
	/* INT64_MIN has no positive counterpart: go down from -1. */
	if (negative && digits > 0)
		value = -1 - (int64_t)(digits - 1);
	else
		value = (int64_t)digits;
	if (value < min || value > max)
		return -ERANGE;
	*ret = value;
	return 0;
}

/* The power of two that k, M, GiB ... stand for; -1 when @unit is none. */
static int unit_shift(const char *unit)
{
	static const char letters[] = "kmgtp";
	const char *letter;

	if (!*unit || strcasecmp(unit, "b") == 0)
		return 0;
	letter = strchr(letters, *unit | 0x20);
	if (!letter ||
	    (unit[1] && strcasecmp(unit + 1, "b") != 0 && strcasecmp(unit + 1, "ib") != 0))
		return -1;
	return 10 * (int)(letter - letters + 1);
}

int str_to_size(const char *s, uint64_t max, uint64_t *ret)
{
	size_t n = strspn(s, "0123456789");
	int shift = unit_shift(s + n);
	char digits[24];
	uint64_t value;

	if (n == 0 || n >= sizeof(digits) || shift < 0)
		return -EINVAL;
	memcpy(digits, s, n);
	digits[n] = '\0';
	if (str_to_u64(digits, max >> shift, &value) < 0)
		return -ERANGE;
	*ret = value << shift;
	return 0;
}

int str_to_mode(const char *s, uint32_t *ret)
{
	uint64_t value;
	int r = parse_digits(s, 8, 07777, &value);

	if (r == 0)
		*ret = (uint32_t)value;
	return r;
}

static const struct {
	const char *name;
	int number;
} signals[] = {
	{"HUP", SIGHUP},   {"INT", SIGINT},     {"QUIT", SIGQUIT}, {"ILL", SIGILL},
	{"TRAP", SIGTRAP}, {"ABRT", SIGABRT},   {"IOT", SIGABRT},  {"BUS", SIGBUS},
	{"FPE", SIGFPE},   {"KILL", SIGKILL},   {"USR1", SIGUSR1}, {"SEGV", SIGSEGV},
	{"USR2", SIGUSR2}, {"PIPE", SIGPIPE},   {"ALRM", SIGALRM}, {"TERM", SIGTERM},
	{"STKFLT", 16},    {"CHLD", SIGCHLD},   {"CLD", SIGCHLD},  {"CONT", SIGCONT},
	{"STOP", SIGSTOP}, {"TSTP", SIGTSTP},   {"TTIN", SIGTTIN}, {"TTOU", SIGTTOU},
	{"URG", SIGURG},   {"XCPU", SIGXCPU},   {"XFSZ", SIGXFSZ}, {"VTALRM", SIGVTALRM},
	{"PROF", SIGPROF}, {"WINCH", SIGWINCH}, {"IO", SIGIO},     {"POLL", SIGIO},
	{"PWR", SIGPWR},   {"SYS", SIGSYS},
};

/* As engines count them; what a libc keeps back for its own threads is not the container's. */
#define RT_FIRST 34
#define RT_LAST  64

static int realtime_signal(const char *name, int *ret)
{
	bool from_first = strncasecmp(name, "RTMIN", 5) == 0;
	uint64_t n = 0;

	if (!from_first && strncasecmp(name, "RTMAX", 5) != 0)
		return -EINVAL;
	if (name[5] != 0) {
		if (name[5] != (from_first ? '+' : '-'))
			return -EINVAL;
		if (str_to_u64(name + 6, RT_LAST - RT_FIRST, &n) < 0)
			return -EINVAL;
	}
	*ret = from_first ? RT_FIRST + (int)n : RT_LAST - (int)n;
	return 0;
}

int str_to_signal(const char *s, int *ret)
{
	uint64_t number;

	if (str_to_u64(s, RT_LAST, &number) == 0) {
		*ret = (int)number;
		return 0;
	}
	if (strncasecmp(s, "SIG", 3) == 0)
		s += 3;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		if (strcasecmp(s, signals[i].name) == 0) {
			*ret = signals[i].number;
			return 0;
		}
	}
	return realtime_signal(s, ret);
}

bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

#define NEAREST_MAX 64 /* longer words are not looked at */

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned low = a < b ? a : b;

	return low < c ? low : c;
}

/*
 * How many letters are missing, too many, wrong, or in each other's place (Damerau's distance), one
 * row of the table for each of @a's; both words have at most NEAREST_MAX characters.
 */
static unsigned edit_distance(const char *a, const char *b)
{
	unsigned rows[3][NEAREST_MAX + 1];
	unsigned *before = rows[0], *above = rows[1], *row = rows[2], *next;
	size_t len = strlen(b);

	for (size_t j = 0; j <= len; j++)
		row[j] = (unsigned)j;
	for (size_t i = 0; a[i]; i++) {
		next = before;
		before = above;
		above = row;
		row = next;
		row[0] = (unsigned)i + 1;
		for (size_t j = 0; j < len; j++) {
			row[j + 1] = min3(above[j] + (a[i] != b[j]), above[j + 1] + 1, row[j] + 1);
			if (i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] &&
			    before[j - 1] + 1 < row[j + 1])
				row[j + 1] = before[j - 1] + 1;
		}
	}
	return row[len];
}

/* Near is at most a third of the word off, and a word of one or two letters is near to nothing. */
const char *str_nearest(const char *s, const char *const *words)
{
	size_t len = strlen(s);
	unsigned best = (unsigned)(len + 1) / 3 + 1;
	const char *nearest = NULL;

	if (len < 3 || len > NEAREST_MAX)
		return NULL;
	for (; *words; words++) {
		unsigned distance;

		if (strlen(*words) > NEAREST_MAX)
			continue;
		distance = edit_distance(s, *words);
		if (distance < best) {
			best = distance;
			nearest = *words;
		}
	}
	return nearest;
}

/*
 * Year, month and day of a day counted from 1970-01-01. gmtime_r(3) would do, but reads
 * /etc/localtime first, which is seven system calls. The years begin with March here, so that the
 * leap day is the last one.
 */
static void date_of(int64_t day, int ret[3])
{
	int64_t since = day + 719468; /* days from 0000-03-01 */
	int64_t era = since / 146097, of_era = since % 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153; /* 0 is March */

	ret[2] = (int)(of_year - (153 * month + 2) / 5 + 1);
	ret[1] = (int)(month < 10 ? month + 3 : month - 9);
	ret[0] = (int)(era * 400 + year + (ret[1] <= 2));
}

void str_time(int64_t sec, long nsec, char ret[40])
{
	unsigned of_day = (unsigned)(sec % 86400);
	int date[3];

	date_of(sec / 86400, date);
	/* the remainders change nothing: they let the compiler see that it fits */
	(void)snprintf(ret, 40, "%04u-%02u-%02uT%02u:%02u:%02u.%09luZ", (unsigned)date[0] % 10000,
		       (unsigned)date[1] % 100, (unsigned)date[2] % 100, of_day / 3600,
		       of_day / 60 % 60, of_day % 60, (unsigned long)nsec % 1000000000);
}

void str_now(char ret[40])
{
	struct timespec now = {.tv_sec = 0};

	(void)clock_gettime(CLOCK_REALTIME, &now); /* fails for unknown clocks alone */
	str_time(now.tv_sec, now.tv_nsec, ret);
}
