/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mime - the media type of a file by its name: one sorted table, so that a root without /etc needs
 * nothing else. Text is declared UTF-8. What is read from a file is sorted as well, and asked only
 * for what the first table does not know: what browsers depend on cannot be changed by accident.
 */
#include "httpd/mime.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TEXT(sub)     "text/" sub "; charset=utf-8"
#define DOCUMENT(sub) "application/vnd.oasis.opendocument." sub
#define OFFICE(sub)   "application/vnd.openxmlformats-officedocument." sub
#define EXTENSION_MAX 16
#define TYPE_MAX      100

struct mime_row {
	const char *extension, *type;
};

/* Sorted by extension: a test looks. */
static const struct mime_row rows[] = {
	{"7z", "application/x-7z-compressed"},
	{"aac", "audio/aac"},
	{"apk", "application/vnd.android.package-archive"},
	{"atom", "application/atom+xml"},
	{"avi", "video/x-msvideo"},
	{"avif", "image/avif"},
	{"bin", "application/octet-stream"},
	{"bmp", "image/bmp"},
	{"br", "application/x-brotli"},
	{"bz2", "application/x-bzip2"},
	{"c", TEXT("plain")},
	{"conf", TEXT("plain")},
	{"css", TEXT("css")},
	{"csv", TEXT("csv")},
	{"deb", "application/vnd.debian.binary-package"},
	{"doc", "application/msword"},
	{"docx", OFFICE("wordprocessingml.document")},
	{"eot", "application/vnd.ms-fontobject"},
	{"epub", "application/epub+zip"},
	{"flac", "audio/flac"},
	{"gif", "image/gif"},
	{"gz", "application/gzip"},
	{"h", TEXT("plain")},
	{"htm", TEXT("html")},
	{"html", TEXT("html")},
	{"ico", "image/vnd.microsoft.icon"},
	{"ics", TEXT("calendar")},
	{"iso", "application/x-iso9660-image"},
	{"jar", "application/java-archive"},
	{"jpeg", "image/jpeg"},
	{"jpg", "image/jpeg"},
	{"js", TEXT("javascript")},
	{"json", "application/json"},
	{"jsonld", "application/ld+json"},
	{"jxl", "image/jxl"},
	{"log", TEXT("plain")},
	{"m4a", "audio/mp4"},
	{"m4v", "video/mp4"},
	{"map", "application/json"},
	{"markdown", TEXT("markdown")},
	{"md", TEXT("markdown")},
	{"mid", "audio/midi"},
	{"mjs", TEXT("javascript")},
	{"mkv", "video/x-matroska"},
	{"mov", "video/quicktime"},
	{"mp3", "audio/mpeg"},
	{"mp4", "video/mp4"},
	{"mpeg", "video/mpeg"},
	{"odp", DOCUMENT("presentation")},
	{"ods", DOCUMENT("spreadsheet")},
	{"odt", DOCUMENT("text")},
	{"oga", "audio/ogg"},
	{"ogg", "audio/ogg"},
	{"ogv", "video/ogg"},
	{"opus", "audio/ogg"},
	{"otf", "font/otf"},
	{"pdf", "application/pdf"},
	{"png", "image/png"},
	{"ppt", "application/vnd.ms-powerpoint"},
	{"pptx", OFFICE("presentationml.presentation")},
	{"rss", "application/rss+xml"},
	{"rtf", "application/rtf"},
	{"sh", TEXT("x-shellscript")},
	{"svg", "image/svg+xml"},
	{"tar", "application/x-tar"},
	{"tgz", "application/gzip"},
	{"tif", "image/tiff"},
	{"tiff", "image/tiff"},
	{"toml", "application/toml"},
	{"ttf", "font/ttf"},
	{"txt", TEXT("plain")},
	{"wasm", "application/wasm"},
	{"wav", "audio/wav"},
	{"weba", "audio/webm"},
	{"webm", "video/webm"},
	{"webmanifest", "application/manifest+json"},
	{"webp", "image/webp"},
	{"woff", "font/woff"},
	{"woff2", "font/woff2"},
	{"xhtml", "application/xhtml+xml"},
	{"xls", "application/vnd.ms-excel"},
	{"xlsx", OFFICE("spreadsheetml.sheet")},
	{"xml", "application/xml"},
	{"xz", "application/x-xz"},
	{"yaml", "application/yaml"},
	{"yml", "application/yaml"},
	{"zip", "application/zip"},
	{"zst", "application/zstd"},
};

static int compare(const void *key, const void *row)
{
	return strcasecmp(key, ((const struct mime_row *)row)->extension);
}

/* "EXTENSION 0 TYPE 0": one piece of memory a row. */
struct mime_table {
	atomic_uint refs;
	size_t n, room;
	struct mime_row *rows;
};

static bool is_token(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] <= ' ' || s[i] == 0x7f || strchr("\"(),:;<=>?@[\\]{}", s[i]))
			return false;
	return len > 0;
}

/* Text is declared UTF-8, like ours. */
static char *row_text(const char *extension, size_t e_len, const char *type, size_t t_len)
{
	static const char charset[] = "; charset=utf-8";
	size_t extra = strncasecmp(type, "text/", 5) == 0 ? sizeof(charset) - 1 : 0;
	char *text = malloc(e_len + t_len + extra + 2), *s;

	if (!text)
		return NULL;
	s = mempcpy(text, extension, e_len);
	*s++ = 0;
	s = mempcpy(mempcpy(s, type, t_len), charset, extra);
	*s = 0;
	return text;
}

static bool add_row(struct mime_table *t, const char *extension, size_t e_len, const char *type,
		    size_t t_len)
{
	char *text;

	if (e_len >= EXTENSION_MAX || t_len > TYPE_MAX)
		return true;
	if (t->n == t->room) {
		size_t room = t->room ? 2 * t->room : 1024;
		struct mime_row *grown = reallocarray(t->rows, room, sizeof(*grown));

		if (!grown)
			return false;
		t->rows = grown;
		t->room = room;
	}
	text = row_text(extension, e_len, type, t_len);
	if (!text)
		return false;
	t->rows[t->n++] = (struct mime_row){.extension = text, .type = text + e_len + 1};
	return true;
}

/* "TYPE/SUBTYPE EXTENSION..."; # begins a comment. What is none of it is passed over. */
static bool add_line(struct mime_table *t, const char *s, size_t len)
{
	static const char blanks[] = " \t\r";
	const char *type = NULL, *hash = memchr(s, '#', len);
	size_t type_len = 0;

	if (hash)
		len = (size_t)(hash - s);
	for (size_t at = 0, n; at < len; at += n) {
		while (at < len && strchr(blanks, s[at]))
			at++;
		for (n = 0; at + n < len && !strchr(blanks, s[at + n]);)
			n++;
		if (n == 0)
			break;
		if (!type) {
			const char *slash = memchr(s + at, '/', n);

			if (!slash || !is_token(s + at, (size_t)(slash - s) - at) ||
			    !is_token(slash + 1, at + n - (size_t)(slash + 1 - s)))
				return true;
			type = s + at;
			type_len = n;
		} else if (is_token(s + at, n) && !add_row(t, s + at, n, type, type_len)) {
			return false;
		}
	}
	return true;
}

static int compare_rows(const void *a, const void *b)
{
	return strcasecmp(((const struct mime_row *)a)->extension,
			  ((const struct mime_row *)b)->extension);
}

struct mime_table *mime_parse(const char *text)
{
	struct mime_table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->refs = 1;
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (!add_line(t, text, len)) {
			mime_put(t);
			return NULL;
		}
		text += len + (text[len] == '\n');
	}
	if (t->n > 0)
		qsort(t->rows, t->n, sizeof(*t->rows), compare_rows);
	return t;
}

struct mime_table *mime_ref(struct mime_table *t)
{
	if (t)
		t->refs++;
	return t;
}

void mime_put(struct mime_table *t)
{
	if (!t || --t->refs > 0)
		return;
	for (size_t i = 0; i < t->n; i++)
		free((char *)(uintptr_t)t->rows[i].extension);
	free(t->rows);
	free(t);
}

const char *mime_type(const struct mime_table *t, const char *path, size_t len)
{
	char extension[EXTENSION_MAX];
	const struct mime_row *row = NULL;
	size_t n = 0;

	while (n < len && n < sizeof(extension) && path[len - n - 1] != '.' &&
	       path[len - n - 1] != '/')
		n++;
	if (n < len && n < sizeof(extension) && path[len - n - 1] == '.') {
		memcpy(extension, path + len - n, n);
		extension[n] = 0;
		row = bsearch(extension, rows, sizeof(rows) / sizeof(*rows), sizeof(*rows),
			      compare);
		if (!row && t && t->n > 0)
			row = bsearch(extension, t->rows, t->n, sizeof(*t->rows), compare);
	}
	return row ? row->type : "application/octet-stream";
}
