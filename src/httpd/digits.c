/* SPDX-License-Identifier: Apache-2.0 */
/* digits - decimal numbers without printf, two digits at a time. */
#include "httpd/digits.h"

#include <string.h>

static unsigned count_of(uint64_t value)
{
	unsigned n = 1;

	for (; value >= 10000; value /= 10000)
		n += 4;
	return n + (value >= 10) + (value >= 100) + (value >= 1000);
}

char *digits_put(char *out, uint64_t value)
{
	static const char pairs[] = "0001020304050607080910111213141516171819"
				    "2021222324252627282930313233343536373839"
				    "4041424344454647484950515253545556575859"
				    "6061626364656667686970717273747576777879"
				    "8081828384858687888990919293949596979899";
	char *end = out + count_of(value), *at = end;

	for (; value >= 10; value /= 100) {
		at -= 2;
		memcpy(at, pairs + value % 100 * 2, 2);
	}
	if (at > out)
		*out = (char)('0' + value);
	return end;
}
