/* SPDX-License-Identifier: Apache-2.0 */
/*
 * date - HTTP dates.
 *
 * A form is a pattern that is matched letter by letter, so that the three forms are three strings.
 * The day of the week is checked for being one, not for being the right one.
 */
#include "httpd/date.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "httpd/digits.h"

#define SECONDS_PER_DAY 86400

static const char *const day_names[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
					"Thursday", "Friday", "Saturday"};
static const char *const month_names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar; years begin in March. */
static int64_t days_of(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 719468;
}

void date_split(int64_t time, struct date_parts *ret)
{
	int64_t days = time / SECONDS_PER_DAY, rest = time % SECONDS_PER_DAY;
	int64_t era, day_of_era, year_of_era, day_of_year, month;

	if (rest < 0) {
		rest += SECONDS_PER_DAY;
		days--;
	}
	ret->weekday = (int)(((days + 4) % 7 + 7) % 7); /* the epoch was a Thursday */
	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	day_of_era = days - era * 146097;
	year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	month = (5 * day_of_year + 2) / 153;
	ret->day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
	ret->month = (int)(month < 10 ? month + 3 : month - 9);
	ret->year = (int)(year_of_era + era * 400 + (ret->month <= 2));
	ret->hour = (int)(rest / 3600);
	ret->minute = (int)(rest / 60 % 60);
	ret->second = (int)(rest % 60);
}

const char *date_month_name(int month)
{
	return month_names[month - 1];
}

void date_format(int64_t time, char out[DATE_LEN + 1])
{
	struct date_parts d;

	date_split(time, &d);
	memcpy(out, "Ddd, dd Mmm yyyy hh:mm:ss GMT", DATE_LEN + 1);
	memcpy(out, day_names[d.weekday], 3);
	digits_put_n(out + 5, d.day, 2);
	memcpy(out + 8, month_names[d.month - 1], 3);
	digits_put_n(out + 12, d.year, 4);
	digits_put_n(out + 17, d.hour, 2);
	digits_put_n(out + 20, d.minute, 2);
	digits_put_n(out + 23, d.second, 2);
}

/* What is being read, and where. */
struct cursor {
	const char *s, *end;
};

/* Which of @names is next, by its first three letters or as a whole; -1 when none is. */
static int take_name(struct cursor *c, const char *const *names, int count, bool whole)
{
	size_t left = (size_t)(c->end - c->s), n = 3;
	int i = 0;

	if (left < n)
		return -1;
	while (i < count && memcmp(c->s, names[i], 3) != 0)
		i++;
	if (i == count)
		return -1;
	if (whole) {
		n = strlen(names[i]);
		if (left < n || memcmp(c->s, names[i], n) != 0)
			return -1;
	}
	c->s += n;
	return i;
}

/* @digits decimal digits; with @padded the first may be a space. -1 when it is something else. */
static int take_number(struct cursor *c, int digits, bool padded)
{
	int value = 0;

	if (c->end - c->s < digits)
		return -1;
	for (int i = 0; i < digits; i++) {
		char byte = *c->s++;

		if (padded && i == 0 && byte == ' ')
			byte = '0';
		if (byte < '0' || byte > '9')
			return -1;
		value = value * 10 + (byte - '0');
	}
	return value;
}

/*
 * One letter of a pattern: a day name (a short, A whole), d day, e day with a space for a nought,
 * b month, Y year, y two digits of it, H M S, Z the zone.
 */
static bool take_part(struct cursor *c, char letter, struct date_parts *d)
{
	static const char *const zone = "GMT";

	switch (letter) {
	case 'a':
	case 'A':
		return (d->weekday = take_name(c, day_names, 7, letter == 'A')) >= 0;
	case 'd':
	case 'e':
		return (d->day = take_number(c, 2, letter == 'e')) >= 1;
	case 'b':
		return (d->month = take_name(c, month_names, 12, false) + 1) >= 1;
	case 'Y':
	case 'y':
		return (d->year = take_number(c, letter == 'Y' ? 4 : 2, false)) >= 0;
	case 'H':
		return (d->hour = take_number(c, 2, false)) >= 0;
	case 'M':
		return (d->minute = take_number(c, 2, false)) >= 0;
	case 'S':
		return (d->second = take_number(c, 2, false)) >= 0;
	case 'Z':
		return take_name(c, &zone, 1, false) == 0;
	default:
		return false;
	}
}

static bool take(struct cursor *c, char letter, struct date_parts *d)
{
	if (letter >= 'A')
		return take_part(c, letter, d);
	return c->s < c->end && *c->s++ == letter; /* it stands for itself */
}

static bool match(const char *s, size_t len, const char *pattern, struct date_parts *d)
{
	struct cursor c = {.s = s, .end = s + len};

	for (; *pattern; pattern++)
		if (!take(&c, *pattern, d))
			return false;
	return c.s == c.end;
}

/* A year of two digits that seems more than 50 years ahead is the past one (RFC 9110). */
static void settle_century(struct date_parts *d, int64_t now)
{
	struct date_parts today;

	date_split(now, &today);
	d->year += today.year - today.year % 100;
	if (d->year > today.year + 50)
		d->year -= 100;
}

static bool in_range(const struct date_parts *d)
{
	static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return d->day <= days[d->month - 1] && d->hour < 24 && d->minute < 60 && d->second <= 60;
}

int date_parse(const char *s, size_t len, int64_t now, int64_t *ret)
{
	struct date_parts d = {0};
	bool known = match(s, len, "a, d b Y H:M:S Z", &d) || match(s, len, "a b e H:M:S Y", &d);

	if (!known && match(s, len, "A, d-b-y H:M:S Z", &d)) {
		settle_century(&d, now);
		known = true;
	}
	if (!known || !in_range(&d))
		return -EINVAL;
	*ret = days_of(d.year, d.month, d.day) * SECONDS_PER_DAY + d.hour * 3600 + d.minute * 60 +
	       d.second;
	return 0;
}
