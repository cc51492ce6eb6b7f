/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listing - what is in a directory, as a page or as JSON.
 *
 * Names are the business of whoever may write there, so each is escaped for where it stands: in
 * a link it is percent-encoded with "./" in front (a name could look like a scheme), in the page
 * it is text. The order is computed here and chosen by links: no script.
 */
#include "httpd/listing.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "httpd/date.h"
#include "httpd/target.h"
#include "tinyrun/fd.h"

static bool word_is(const char *s, size_t len, const char *word)
{
	return strlen(word) == len && memcmp(s, word, len) == 0;
}

static void take_parameter(const char *s, size_t len, struct listing_spec *spec)
{
	if (word_is(s, len, "sort=size"))
		spec->sort = LISTING_BY_SIZE;
	else if (word_is(s, len, "sort=date"))
		spec->sort = LISTING_BY_DATE;
	else if (word_is(s, len, "order=desc"))
		spec->reverse = true;
	else if (word_is(s, len, "format=json"))
		spec->json = true;
}

void listing_parse_query(const char *query, size_t len, struct listing_spec *spec)
{
	spec->sort = LISTING_BY_NAME;
	for (size_t from = 1, i = 1; i <= len; i++) {
		if (i < len && query[i] != '&')
			continue;
		take_parameter(query + from, i - from, spec);
		from = i + 1;
	}
}

static struct listing_entry *entry_new(struct listing *l, const char *name)
{
	struct listing_entry *entry;

	if (l->n == l->room) {
		size_t room = l->room ? 2 * l->room : 64;
		struct listing_entry *grown = reallocarray(l->entries, room, sizeof(*grown));

		if (!grown)
			return NULL;
		l->entries = grown;
		l->room = room;
	}
	entry = &l->entries[l->n];
	*entry = (struct listing_entry){.name = strdup(name)};
	l->n += entry->name != NULL;
	return entry->name ? entry : NULL;
}

/* Is it something that a client could have? Symlinks are asked where they lead. */
static bool stat_entry(const struct file_root *root, const char *path, int dir_fd, const char *name,
		       struct stat *st)
{
	char full[PATH_MAX];
	size_t len = strlen(path), n = strlen(name);

	if (fstatat(dir_fd, name, st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	if (!S_ISLNK(st->st_mode))
		return S_ISREG(st->st_mode) || S_ISDIR(st->st_mode);
	if (root->walk || root->no_symlinks || len + n + 1 > sizeof(full))
		return false;
	memcpy(mempcpy(full, path, len), name, n + 1);
	return file_stat(root, full, st) && (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode));
}

static int read_entries(const struct file_root *root, const char *path, bool dotfiles, DIR *dir,
			struct listing *l)
{
	const struct dirent *d;

	while ((d = readdir(dir)) != NULL) {
		struct listing_entry *entry;
		struct stat st;

		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0 ||
		    (d->d_name[0] == '.' && !dotfiles) ||
		    !stat_entry(root, path, dirfd(dir), d->d_name, &st))
			continue;
		l->cut = l->n == LISTING_ENTRIES_MAX;
		if (l->cut)
			break;
		entry = entry_new(l, d->d_name);
		if (!entry)
			return 503;
		entry->is_dir = S_ISDIR(st.st_mode);
		entry->size = entry->is_dir ? 0 : (uint64_t)st.st_size;
		entry->modified_sec = st.st_mtim.tv_sec;
	}
	return 200;
}

int listing_read(const struct file_root *root, const char *path, bool dotfiles, struct listing *ret)
{
	auto_fd int fd = -1;
	int status = file_open_dir(root, path, &fd);
	DIR *dir;

	*ret = (struct listing){.n = 0};
	if (status != 200)
		return status;
	dir = fdopendir(fd);
	if (!dir)
		return 503;
	(void)fd_take(&fd); /* closedir() closes it */
	status = read_entries(root, path, dotfiles, dir, ret);
	closedir(dir);
	return status;
}

void listing_done(struct listing *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->entries[i].name);
	free(l->entries);
	*l = (struct listing){.n = 0};
}

/* Directories first, then by what is asked for, then by name. */
static int compare(const void *a, const void *b, void *arg)
{
	const struct listing_entry *x = a, *y = b;
	const struct listing_spec *spec = arg;
	int order = 0;

	if (x->is_dir != y->is_dir)
		return x->is_dir ? -1 : 1;
	if (spec->sort == LISTING_BY_SIZE)
		order = (x->size > y->size) - (x->size < y->size);
	else if (spec->sort == LISTING_BY_DATE)
		order = (x->modified_sec > y->modified_sec) - (x->modified_sec < y->modified_sec);
	if (order == 0)
		order = strcmp(x->name, y->name);
	return spec->reverse ? -order : order;
}

void listing_sort(struct listing *l, const struct listing_spec *spec)
{
	if (l->n > 1)
		qsort_r(l->entries, l->n, sizeof(*l->entries), compare,
			(void *)(uintptr_t)spec); /* compare() only reads it */
}

static void add_html(struct buf *out, const char *s)
{
	for (; *s; s++) {
		switch (*s) {
		case '&':
			buf_add_str(out, "&amp;");
			break;
		case '<':
			buf_add_str(out, "&lt;");
			break;
		case '>':
			buf_add_str(out, "&gt;");
			break;
		case '"':
			buf_add_str(out, "&quot;");
			break;
		case '\'':
			buf_add_str(out, "&#39;");
			break;
		default:
			if ((unsigned char)*s < ' ' || *s == 0x7f)
				buf_add_str(out, "\xef\xbf\xbd"); /* U+FFFD */
			else
				buf_add_char(out, *s);
		}
	}
}

static void add_date(struct buf *out, int64_t sec, bool json)
{
	struct date_parts d;

	date_split(sec, &d);
	buf_addf(out, json ? "%04d-%02d-%02dT%02d:%02d:%02dZ" : "%04d-%02d-%02d %02d:%02d:%02d",
		 d.year, d.month, d.day, d.hour, d.minute, d.second);
}

static void write_json(const struct listing *l, struct buf *out)
{
	buf_add_char(out, '[');
	for (size_t i = 0; i < l->n; i++) {
		const struct listing_entry *entry = &l->entries[i];

		buf_add_str(out, i > 0 ? ",\n {\"name\":" : "\n {\"name\":");
		buf_add_json_str(out, entry->name);
		buf_addf(out, ",\"type\":\"%s\",\"size\":%llu,\"mtime\":\"",
			 entry->is_dir ? "directory" : "file", (unsigned long long)entry->size);
		add_date(out, entry->modified_sec, true);
		buf_add_str(out, "\"}");
	}
	buf_add_str(out, "\n]\n");
}

static void write_row(const struct listing_entry *entry, struct buf *out)
{
	char link[3 * NAME_MAX + 1];
	const char *slash = entry->is_dir ? "/" : "";

	link[target_encode(entry->name, strlen(entry->name), link)] = 0;
	buf_add_str(out, "<tr><td><a href=\"./");
	add_html(out, link);
	buf_addf(out, "%s\">", slash);
	add_html(out, entry->name);
	buf_addf(out, "%s</a><td>", slash);
	if (!entry->is_dir)
		buf_addf(out, "%llu", (unsigned long long)entry->size);
	buf_add_str(out, "<td>");
	add_date(out, entry->modified_sec, false);
	buf_add_char(out, '\n');
}

static void write_column(const char *title, const char *name, enum listing_sort sort,
			 const struct listing_spec *spec, struct buf *out)
{
	bool turn = spec->sort == sort && !spec->reverse;

	buf_addf(out, "<th><a href=\"?sort=%s%s\">%s</a>", name, turn ? "&amp;order=desc" : "",
		 title);
}

static void write_page(const struct listing *l, const char *path, const struct listing_spec *spec,
		       struct buf *out)
{
	buf_add_str(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
			 "<meta name=\"viewport\" content=\"width=device-width\">\n"
			 "<style>body{font-family:sans-serif}td,th{padding:0 1em 0 0;"
			 "text-align:left}td:nth-child(2){text-align:right}</style>\n<title>/");
	add_html(out, path);
	buf_add_str(out, "</title></head><body>\n<h1>/");
	add_html(out, path);
	buf_add_str(out, "</h1>\n<table><tr>");
	write_column("Name", "name", LISTING_BY_NAME, spec, out);
	write_column("Size", "size", LISTING_BY_SIZE, spec, out);
	write_column("Modified (UTC)", "date", LISTING_BY_DATE, spec, out);
	buf_add_char(out, '\n');
	if (path[0])
		buf_add_str(out, "<tr><td><a href=\"../\">../</a><td><td>\n");
	for (size_t i = 0; i < l->n; i++)
		write_row(&l->entries[i], out);
	buf_add_str(out, "</table>\n");
	if (l->cut)
		buf_add_str(out, "<p>There are more.\n");
	buf_add_str(out, "</body></html>\n");
}

void listing_write(const struct listing *l, const char *path, const struct listing_spec *spec,
		   struct buf *out)
{
	if (spec->json)
		write_json(l, out);
	else
		write_page(l, path, spec, out);
}
