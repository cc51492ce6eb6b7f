/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mime - the media type of a file by its name: one sorted table, so that a root without /etc needs
 * nothing else. Text is declared UTF-8.
 */
#include "httpd/mime.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TEXT(sub)     "text/" sub "; charset=utf-8"
#define DOCUMENT(sub) "application/vnd.oasis.opendocument." sub
#define OFFICE(sub)   "application/vnd.openxmlformats-officedocument." sub
#define EXTENSION_MAX 16

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

const char *mime_type(const char *path, size_t len)
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
	}
	return row ? row->type : "application/octet-stream";
}
