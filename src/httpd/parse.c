/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse - the head of an HTTP/1 request, as strict as RFC 9112 allows.
 *
 * One small function for each state of a table; each eats as many bytes as it can and moves on. A
 * line ends with CR LF and nothing else, a field is never folded, a name is a token with its colon
 * behind it: whatever two readers could read in two ways is refused, since that is what request
 * smuggling is made of. What the fields mean together is judged once, at the empty line.
 */
#include "httpd/parse.h"

#include <string.h>

#include "httpd/scan.h"

enum {
	STATE_START,
	STATE_START_LF,
	STATE_METHOD,
	STATE_TARGET,
	STATE_VERSION,
	STATE_LINE_LF,
	STATE_FIELD,
	STATE_NAME,
	STATE_SPACE,
	STATE_VALUE,
	STATE_VALUE_LF,
	STATE_END_LF,
	STATE_DONE,
	STATE_BAD,
	STATE_MAX = STATE_DONE,
};

static const struct {
	const char *name;
	uint8_t len, method; /* enum parse_method */
} methods[] = {
#define METHOD(name, method)                     \
	{                                        \
		name, sizeof(name) - 1, (method) \
	}
	METHOD("GET", METHOD_GET),         METHOD("HEAD", METHOD_HEAD),
	METHOD("OPTIONS", METHOD_OPTIONS), METHOD("POST", METHOD_SEND),
	METHOD("PUT", METHOD_SEND),        METHOD("DELETE", METHOD_OTHER),
	METHOD("PATCH", METHOD_SEND),      METHOD("CONNECT", METHOD_CONNECT),
	METHOD("TRACE", METHOD_OTHER),
#undef METHOD
};

/* X(@n, field, name) for each */
#define FIELDS(X, n)                                                \
	X(n, FIELD_HOST, "host")                                    \
	X(n, FIELD_CONTENT_LENGTH, "content-length")                \
	X(n, FIELD_TRANSFER_ENCODING, "transfer-encoding")          \
	X(n, FIELD_CONNECTION, "connection")                        \
	X(n, FIELD_EXPECT, "expect")                                \
	X(n, FIELD_RANGE, "range")                                  \
	X(n, FIELD_IF_RANGE, "if-range")                            \
	X(n, FIELD_IF_MATCH, "if-match")                            \
	X(n, FIELD_IF_NONE_MATCH, "if-none-match")                  \
	X(n, FIELD_IF_MODIFIED_SINCE, "if-modified-since")          \
	X(n, FIELD_IF_UNMODIFIED_SINCE, "if-unmodified-since")      \
	X(n, FIELD_ACCEPT, "accept")                                \
	X(n, FIELD_ACCEPT_ENCODING, "accept-encoding")              \
	X(n, FIELD_ORIGIN, "origin")                                \
	X(n, FIELD_REQUEST_METHOD, "access-control-request-method") \
	X(n, FIELD_USER_AGENT, "user-agent")                        \
	X(n, FIELD_REFERER, "referer")
#define NAME_OF(n, field, name)    [field] = (name),
#define BIT_OF_LEN(n, field, name) | (sizeof(name) - 1 == (n) ? 1u << (field) : 0)
#define OF_LEN(n)                  [n] = 0u FIELDS(BIT_OF_LEN, n)
#define SHORT_ENOUGH(n, field, name) \
	_Static_assert(sizeof(name) - 1 <= FIELD_NAME_MAX, "fields_of_len has no row for " name);
#define FIELD_NAME_MAX 29

static const char *const fields[FIELD_MAX] = {FIELDS(NAME_OF, 0)};

/* A bit for each field whose name is so long: one or two to be compared with instead of all. */
static const uint32_t fields_of_len[FIELD_NAME_MAX + 1] = {
	OF_LEN(4),  OF_LEN(5),  OF_LEN(6),  OF_LEN(7),  OF_LEN(8),  OF_LEN(9),  OF_LEN(10),
	OF_LEN(11), OF_LEN(12), OF_LEN(13), OF_LEN(14), OF_LEN(15), OF_LEN(16), OF_LEN(17),
	OF_LEN(18), OF_LEN(19), OF_LEN(20), OF_LEN(21), OF_LEN(22), OF_LEN(23), OF_LEN(24),
	OF_LEN(25), OF_LEN(26), OF_LEN(27), OF_LEN(28), OF_LEN(29),
};
FIELDS(SHORT_ENOUGH, 0)

static const struct parse_limits limits_default = {
	.head = PARSE_HEAD_MAX,
	.target = PARSE_TARGET_MAX,
	.fields = PARSE_FIELDS_MAX,
	.body = PARSE_BODY_MAX,
};

static struct slice slice_of(size_t from, size_t to)
{
	return (struct slice){.at = (uint16_t)from, .len = (uint16_t)(to - from)};
}

static bool same_word(const char *word, const char *s, size_t len)
{
	return strlen(word) == len && scan_same(s, word, len);
}

/*
 * Each of these gets at least one byte at p->pos, and returns the state that is next or the status
 * of a refusal.
 */

static int on_start(struct parse *p, const char *d, size_t len)
{
	(void)len;
	if (d[p->pos] == '\r') {
		if (++p->newlines > PARSE_NEWLINE_MAX)
			return 400;
		p->pos++;
		return STATE_START_LF;
	}
	p->mark = p->pos;
	return STATE_METHOD;
}

static int on_lf(struct parse *p, const char *d, int next)
{
	if (d[p->pos] != '\n')
		return 400;
	p->pos++;
	return next;
}

static uint8_t method_of(const char *s, size_t len)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (methods[i].len == len && memcmp(methods[i].name, s, len) == 0)
			return methods[i].method;
	return METHOD_UNKNOWN;
}

/* At the space behind it. */
static int end_method(struct parse *p)
{
	p->line.at = (uint16_t)p->mark;
	p->mark = ++p->pos;
	return STATE_TARGET;
}

static int on_method(struct parse *p, const char *d, size_t len)
{
	static const char usual[] = "GET ";

	if (len - p->mark >= sizeof(usual) - 1 &&
	    memcmp(d + p->mark, usual, sizeof(usual) - 1) == 0) {
		p->pos = p->mark + sizeof(usual) - 2;
		p->method = METHOD_GET;
		return end_method(p);
	}
	while (p->pos < len && scan_is(d[p->pos], SCAN_TOKEN)) {
		if (p->pos - p->mark >= PARSE_METHOD_MAX)
			return 501;
		p->pos++;
	}
	if (p->pos == len)
		return STATE_METHOD;
	if (d[p->pos] != ' ' || p->pos == p->mark)
		return 400;
	p->method = method_of(d + p->mark, p->pos - p->mark);
	return end_method(p);
}

static int on_target(struct parse *p, const char *d, size_t len)
{
	const size_t most = p->mark + p->limits->target;

	p->pos = (uint32_t)scan_target(d, p->pos, len);
	if (p->pos > most) {
		p->pos = (uint32_t)most;
		return 414;
	}
	if (p->pos == len)
		return STATE_TARGET;
	if (d[p->pos] != ' ' || p->pos == p->mark)
		return 400;
	p->target = slice_of(p->mark, p->pos);
	p->mark = ++p->pos;
	return STATE_VERSION;
}

/* "HTTP/" DIGIT "." DIGIT, then CR: mostly one that is known, and there in one piece. */
static int on_version(struct parse *p, const char *d, size_t len)
{
	static const char pattern[] = "HTTP/0.0\r", usual[] = "HTTP/1.1\r";
	const size_t last = sizeof(pattern) - 2;

	if (len - p->mark > last && memcmp(d + p->mark, usual, last + 1) == 0)
		p->pos = p->mark + (uint32_t)last;
	for (; p->pos < len && p->pos - p->mark < last; p->pos++) {
		char want = pattern[p->pos - p->mark];
		char c = d[p->pos];

		if (want == '0' ? c < '0' || c > '9' : c != want)
			return 400;
	}
	if (p->pos == len)
		return STATE_VERSION;
	if (d[p->pos] != '\r')
		return 400;
	p->line.len = (uint16_t)(p->pos - p->line.at);
	if (d[p->mark + 5] != '1')
		return 505;
	p->minor = (uint8_t)(d[p->mark + 7] - '0');
	p->pos++;
	return STATE_LINE_LF;
}

static int on_field(struct parse *p, const char *d, size_t len)
{
	(void)len;
	if (d[p->pos] == '\r') {
		p->pos++;
		return STATE_END_LF;
	}
	if (!scan_is(d[p->pos], SCAN_TOKEN)) /* a space or tab would be a folded line */
		return 400;
	if (++p->n_fields > p->limits->fields)
		return 431;
	p->mark = p->pos;
	return STATE_NAME;
}

static uint8_t field_of(const char *s, size_t len)
{
	uint32_t left = len <= FIELD_NAME_MAX ? fields_of_len[len] : 0;

	for (; left != 0; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctz(left);

		if (scan_same(s, fields[i], len))
			return (uint8_t)i;
	}
	return FIELD_MAX;
}

static int on_name(struct parse *p, const char *d, size_t len)
{
	p->pos = (uint32_t)scan_run(d, p->pos, len, SCAN_TOKEN);
	if (p->pos == len)
		return STATE_NAME;
	if (d[p->pos] != ':')
		return 400;
	p->field = field_of(d + p->mark, p->pos - p->mark);
	p->pos++;
	return STATE_SPACE;
}

static int on_space(struct parse *p, const char *d, size_t len)
{
	while (p->pos < len && (d[p->pos] == ' ' || d[p->pos] == '\t'))
		p->pos++;
	if (p->pos == len)
		return STATE_SPACE;
	p->mark = p->pos;
	return STATE_VALUE;
}

static void note_connection(struct parse *p, const char *s, size_t len)
{
	struct scan_list list = {s, s + len};
	const char *word;
	size_t n;

	while (scan_element(&list, &word, &n)) {
		p->saw_close |= same_word("close", word, n);
		p->saw_keep_alive |= same_word("keep-alive", word, n);
	}
}

static int note_length(struct parse *p, const char *s, size_t len)
{
	if (len == 0)
		return 400;
	for (size_t i = 0; i < len; i++)
		if (s[i] < '0' || s[i] > '9')
			return 400;
	for (size_t i = 0; i < len; i++) {
		p->content_length = p->content_length * 10 + (uint64_t)(s[i] - '0');
		if (p->content_length > UINT64_MAX / 100)
			return 413;
	}
	return 0;
}

static int note_field(struct parse *p, const char *s, size_t len)
{
	uint32_t bit = 1u << p->field;

	if (p->seen & bit)
		p->repeated |= bit;
	p->seen |= bit;
	p->value[p->field] = slice_of(p->mark, p->mark + len);
	if (p->field == FIELD_CONNECTION)
		note_connection(p, s, len);
	if (p->field == FIELD_CONTENT_LENGTH)
		return p->repeated & bit ? 400 : note_length(p, s, len);
	return 0;
}

/* Of what stands in [@from, @to) without the blanks at its end. */
static size_t trim(const char *d, size_t from, size_t to)
{
	while (to > from && (d[to - 1] == ' ' || d[to - 1] == '\t'))
		to--;
	return to - from;
}

static int on_value(struct parse *p, const char *d, size_t len)
{
	int status = 0;

	p->pos = (uint32_t)scan_value(d, p->pos, len);
	if (p->pos == len)
		return STATE_VALUE;
	if (d[p->pos] != '\r')
		return 400;
	if (p->field != FIELD_MAX)
		status = note_field(p, d + p->mark, trim(d, p->mark, p->pos));
	p->pos++;
	return status != 0 ? status : STATE_VALUE_LF;
}

/* uri-host [":" port], the same for the Host field and for the authority of an absolute target. */
static bool host_is_good(const char *s, size_t len)
{
	size_t i = 0;

	if (len > 0 && s[0] == '[') {
		for (i = 1; i < len && scan_is(s[i], SCAN_LITERAL); i++)
			;
		if (i == 1 || i == len || s[i++] != ']')
			return false;
	} else {
		while (i < len && scan_is(s[i], SCAN_HOST))
			i++;
		if (i == 0)
			return false;
	}
	if (i < len && s[i++] != ':')
		return false;
	while (i < len && s[i] >= '0' && s[i] <= '9')
		i++;
	return i == len;
}

/* Sets .path from the target: origin-form, absolute-form, or "*" for OPTIONS. */
static int judge_target(struct parse *p, const char *d)
{
	const char *t = d + p->target.at;
	size_t len = p->target.len, scheme, host;

	p->path = p->target;
	if (t[0] == '/')
		return 0;
	if (p->method == METHOD_CONNECT)
		return host_is_good(t, len) ? 0 : 400;
	p->asterisk = len == 1 && t[0] == '*' && p->method == METHOD_OPTIONS;
	if (p->asterisk)
		return 0;
	if (len > 7 && scan_same(t, "http://", 7))
		scheme = 7;
	else if (len > 8 && scan_same(t, "https://", 8))
		scheme = 8;
	else
		return 400;
	for (host = scheme; host < len && t[host] != '/' && t[host] != '?';)
		host++;
	p->path = slice_of(p->target.at + host, p->target.at + len);
	return host_is_good(t + scheme, host - scheme) ? 0 : 400;
}

bool parse_next_value(const struct parse *p, const char *head, enum parse_field field,
		      struct slice *v)
{
	bool is_first = v->at == 0;
	size_t at = is_first ? p->line.at + p->line.len : v->at + v->len;

	if (!(p->repeated & 1u << field)) {
		*v = p->value[field];
		return is_first && parse_has(p, field);
	}
	for (;;) { /* every line was found good; the last is empty */
		size_t colon, end;

		while (head[at++] != '\n')
			;
		if (head[at] == '\r')
			return false;
		colon = scan_run(head, at, p->pos, SCAN_TOKEN);
		if (field_of(head + at, colon - at) != field)
			continue;
		for (at = colon + 1; head[at] == ' ' || head[at] == '\t';)
			at++;
		end = scan_value(head, at, p->pos);
		*v = slice_of(at, at + trim(head, at, end));
		return true;
	}
}

static int judge_host(const struct parse *p, const char *d)
{
	struct slice host = p->value[FIELD_HOST];

	if (!parse_has(p, FIELD_HOST))
		return p->minor == 0 ? 0 : 400;
	if (!parse_has_one(p, FIELD_HOST))
		return 400;
	return host_is_good(d + host.at, host.len) ? 0 : 400;
}

/*
 * RFC 9112 section 6.3: with "chunked" at the end the length is known, without it is not. What
 * comes before "chunked" is a coding that we do not have; "chunked" in a second field or twice is a
 * trick.
 */
static int judge_coding(struct parse *p, const char *d)
{
	const char *s = d + p->value[FIELD_TRANSFER_ENCODING].at;
	size_t len = p->value[FIELD_TRANSFER_ENCODING].len;

	if (parse_has(p, FIELD_CONTENT_LENGTH) || p->minor == 0 ||
	    !parse_has_one(p, FIELD_TRANSFER_ENCODING))
		return 400;
	p->chunked = same_word("chunked", s, len);
	if (p->chunked)
		return 0;
	if (len < 9 || !same_word("chunked", s + len - 7, 7) || !memchr(s, ',', len) ||
	    scan_same(s, "chunked", 7))
		return 400;
	return 501;
}

/* What makes the place of the next request unknown, or not worth reaching. */
static int judge_framing(struct parse *p, const char *d)
{
	if (parse_has(p, FIELD_TRANSFER_ENCODING))
		return judge_coding(p, d);
	/* HTTP/1.0 knows no other way to say where content ends (RFC 1945 section 7.2.2) */
	if (p->minor == 0 && p->method == METHOD_SEND && !parse_has(p, FIELD_CONTENT_LENGTH))
		return 411;
	return p->content_length > p->limits->body ? 413 : 0;
}

static int judge_expect(struct parse *p, const char *d)
{
	struct slice v = {0};

	if (!parse_has(p, FIELD_EXPECT) || p->minor == 0)
		return 0;
	while (parse_next_value(p, d, FIELD_EXPECT, &v)) {
		struct scan_list list = {d + v.at, d + v.at + v.len};
		const char *word;
		size_t n;

		while (scan_element(&list, &word, &n)) {
			p->expects |= n > 0; /* something that we do not know, perhaps */
			if (n > 0 && !same_word("100-continue", word, n))
				return 417;
		}
	}
	return 0;
}

/* What the fields mean together, behind the last line. */
static int judge(struct parse *p, const char *d)
{
	int status = judge_framing(p, d);

	if (status == 0)
		status = judge_host(p, d);
	if (status == 0)
		status = judge_target(p, d);
	if (status != 0)
		return status;
	p->keep_alive = !p->saw_close && (p->minor > 0 || p->saw_keep_alive);
	p->status = (uint16_t)judge_expect(p, d);
	if (p->status == 0 && p->method == METHOD_UNKNOWN)
		p->status = 501;
	if (p->status == 0 && p->method >= METHOD_CONNECT && p->method <= METHOD_OTHER)
		p->status = 405;
	return STATE_DONE;
}

static int on_end(struct parse *p, const char *d)
{
	int next = on_lf(p, d, STATE_DONE);

	return next == STATE_DONE ? judge(p, d) : next;
}

/* A switch and not a table of functions: those are small, and stand in here. */
static int step(struct parse *p, int state, const char *d, size_t len)
{
	switch (state) {
	case STATE_START:
		return on_start(p, d, len);
	case STATE_METHOD:
		return on_method(p, d, len);
	case STATE_TARGET:
		return on_target(p, d, len);
	case STATE_VERSION:
		return on_version(p, d, len);
	case STATE_FIELD:
		return on_field(p, d, len);
	case STATE_NAME:
		return on_name(p, d, len);
	case STATE_SPACE:
		return on_space(p, d, len);
	case STATE_VALUE:
		return on_value(p, d, len);
	case STATE_END_LF:
		return on_end(p, d);
	case STATE_START_LF:
		return on_lf(p, d, STATE_START);
	default:
		return on_lf(p, d, STATE_FIELD);
	}
}

void parse_init(struct parse *p)
{
	/* two halves are a few stores each, the whole would be a loop */
	memset(p, 0, offsetof(struct parse, value));
	memset(p->value, 0, sizeof(p->value));
	p->limits = &limits_default;
}

enum parse_result parse_feed(struct parse *p, const char *data, size_t len)
{
	const size_t max = p->limits->head;
	size_t end = len < max ? len : max;
	int state = p->state;

	while (state < STATE_MAX && p->pos < end)
		state = step(p, state, data, end);
	if (state < STATE_MAX && p->pos == max)
		state = 431;
	if (state > STATE_BAD) {
		p->status = (uint16_t)state;
		state = STATE_BAD;
	}
	p->state = (uint8_t)state;
	if (state == STATE_BAD)
		return PARSE_BAD;
	return state == STATE_DONE ? PARSE_DONE : PARSE_MORE;
}
