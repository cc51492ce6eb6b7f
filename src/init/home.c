/* SPDX-License-Identifier: Apache-2.0 */
/*
 * home - HOME from the container's /etc/passwd.
 *
 * The file is the image's, so it is read like a stranger's: only when it is a regular file, at most
 * 1 MiB of it, a piece at a time, and compared as text: a user is its number's digits and nothing
 * else. Whatever is wrong with it, HOME is "/".
 */
#include "init/init.h"

#define PASSWD_LIMIT (1 << 20)
#define FIELD_UID    2
#define FIELD_HOME   5

/* A line as it goes by. */
struct passwd_line {
	unsigned field; /* how many colons there were */
	size_t at;      /* bytes of this field so far */
	bool matches;   /* the uid field is the digits looked for */
	char home[HOME_SIZE];
	size_t home_len;
};

static void digits_write(uint32_t n, char to[11])
{
	char reversed[10];
	size_t len = 0;

	do {
		reversed[len++] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	for (size_t i = 0; i < len; i++)
		to[i] = reversed[len - 1 - i];
	to[len] = '\0';
}

/* The end of a field; a uid of fewer digits than looked for does not match. */
static void field_end(struct passwd_line *l, const char *digits)
{
	if (l->field == FIELD_UID && digits[l->at] != '\0')
		l->matches = false;
	l->field++;
	l->at = 0;
}

static void line_byte(struct passwd_line *l, const char *digits, char c)
{
	if (c == ':') {
		field_end(l, digits);
		return;
	}
	if (l->field == FIELD_UID && l->matches) {
		l->matches = c == digits[l->at]; /* its 0 at the end is no byte of a line */
		l->at += l->matches;
	}
	if (l->field == FIELD_HOME) {
		if (l->home_len < sizeof(l->home))
			l->home[l->home_len] = c;
		l->home_len++;
	}
}

static void line_start(struct passwd_line *l)
{
	l->field = 0;
	l->at = 0;
	l->home_len = 0;
	l->matches = true;
}

/* "HOME=" and the directory, unless it is empty, no path or too long to be kept. */
static void home_set(struct init *in, const char *home, size_t len)
{
	static const char name[] = "HOME=";
	const size_t head = sizeof(name) - 1;

	if (len == 0 || home[0] != '/' || head + len >= sizeof(in->home)) {
		home = "/";
		len = 1;
	}
	memcpy(in->home, name, head);
	memcpy(in->home + head, home, len);
	in->home[head + len] = '\0';
}

/* The first line of the user; true when there is one. */
static bool line_find(int fd, struct passwd_line *l, const char *digits)
{
	char piece[PATH_SIZE];
	size_t total = 0;
	long n;

	line_start(l);
	while (total < PASSWD_LIMIT && (n = sys_read(fd, piece, sizeof(piece))) > 0) {
		total += (size_t)n;
		for (long i = 0; i < n; i++) {
			if (piece[i] != '\n') {
				line_byte(l, digits, piece[i]);
				continue;
			}
			if (l->matches && l->field >= FIELD_HOME)
				return true;
			line_start(l);
		}
	}
	return l->matches && l->field >= FIELD_HOME; /* the last line may have no end */
}

int step_home(struct init *in, const struct plan_step *s)
{
	auto_fd int fd = target_find(in, "/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct passwd_line line;
	char digits[11];
	struct statx st;

	home_set(in, "/", 1);
	if (fd < 0 || sys_statx(fd, "", AT_EMPTY_PATH, &st) < 0 || !S_ISREG(st.stx_mode))
		return 0;
	digits_write(s->home.uid, digits);
	if (line_find(fd, &line, digits))
		home_set(in, line.home, line.home_len);
	return 0;
}
