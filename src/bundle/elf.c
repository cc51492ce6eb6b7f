/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf - the part of an ELF file that its loader reads: program headers, the dynamic table, strings.
 *
 * The file may be damaged or hostile. It is read by pread(2) in pieces whose sizes are bounded, not
 * mapped (a file that is cut short meanwhile would be a SIGBUS), and every offset is checked
 * against the file's size before it is followed. Both classes and both byte orders are read, by
 * offsets of the fields from the gABI, as <elf.h> has structs for one class at a time.
 */
#include "bundle/elf.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tinyrun/fd.h"

/* The largest that were found on a system with everything: 24 headers, 90 entries, 3 MB of names.
 */
#define HEADERS_MAX 1024
#define DYNAMIC_MAX ((size_t)1 << 20)
#define STRINGS_MAX ((size_t)64 << 20)
#define NEEDED_MAX  1024

struct image {
	int fd;
	const char *name;
	uint64_t size;
	struct arena *arena;
	struct elf *elf;
};

struct segment {
	uint32_t type;
	uint64_t offset, address, size; /* size in the file */
};

/* Where the fields are, in bytes: [0] of 32-bit files, [1] of 64-bit ones. */
static const unsigned char head_size[2] = {52, 64}, entry_size[2] = {32, 56};
static const unsigned char word[2] = {4, 8};

static int broken(const struct image *image, struct err *e, const char *what)
{
	return err_user(e, "%s is a damaged ELF file: %s", image->name, what);
}

static uint64_t get(const struct image *image, const unsigned char *at, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)at[i] << 8 * (image->elf->big_endian ? bytes - 1 - i : i);
	return value;
}

/* All of @size bytes at @offset, which have to be in the file. */
static int read_at(const struct image *image, uint64_t offset, void *to, size_t size,
		   const char *what, struct err *e)
{
	size_t done = 0;

	if (offset > image->size || size > image->size - offset)
		return err_user(e, "%s is a damaged ELF file: %s is beyond its end", image->name,
				what);
	while (done < size) {
		ssize_t n =
			pread(image->fd, (char *)to + done, size - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "read %s", image->name);
		if (n == 0)
			return broken(image, e, "it has become shorter");
		done += (size_t)n;
	}
	return 0;
}

/* --- program headers --- */

static int read_segments(const struct image *image, const unsigned char *head, struct segment **ret,
			 size_t *ret_n, struct err *e)
{
	const unsigned is_64 = image->elf->is_64;
	uint64_t offset = get(image, head + (is_64 ? 32 : 28), word[is_64]);
	size_t each = (size_t)get(image, head + (is_64 ? 54 : 42), 2);
	size_t n = (size_t)get(image, head + (is_64 ? 56 : 44), 2);
	auto_free unsigned char *table = NULL;
	struct segment *v;
	int r;

	if (n == 0)
		return broken(image, e, "it has no program headers, so it cannot be executed");
	if (n > HEADERS_MAX || each < entry_size[is_64] || each > 1024)
		return broken(image, e, "its program headers have an impossible size");
	table = malloc(n * each);
	v = arena_alloc(image->arena, n * sizeof(*v));
	if (!table || !v)
		return err_num(e, ENOMEM, "read %s", image->name);
	r = read_at(image, offset, table, n * each, "its table of program headers", e);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const unsigned char *at = table + i * each;

		v[i].type = (uint32_t)get(image, at, 4);
		v[i].offset = get(image, at + (is_64 ? 8 : 4), word[is_64]);
		v[i].address = get(image, at + (is_64 ? 16 : 8), word[is_64]);
		v[i].size = get(image, at + (is_64 ? 32 : 16), word[is_64]);
	}
	*ret = v;
	*ret_n = n;
	return r;
}

static const struct segment *find_segment(const struct segment *v, size_t n, uint32_t type)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].type == type)
			return &v[i];
	return NULL;
}

/* Where in the file the byte at @address of the memory image is. */
static int to_offset(const struct image *image, const struct segment *v, size_t n, uint64_t address,
		     uint64_t *ret, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].type == PT_LOAD && address >= v[i].address &&
		    address - v[i].address < v[i].size &&
		    v[i].offset <= UINT64_MAX - (address - v[i].address)) {
			*ret = v[i].offset + (address - v[i].address);
			return 0;
		}
	return broken(image, e, "its table of strings is in no segment");
}

static int read_interp(const struct image *image, const struct segment *at, struct err *e)
{
	char *text;
	int r;

	if (at->size < 2 || at->size > 4096)
		return broken(image, e, "the name of its loader has an impossible length");
	text = arena_alloc(image->arena, (size_t)at->size + 1);
	if (!text)
		return err_num(e, ENOMEM, "read %s", image->name);
	r = read_at(image, at->offset, text, (size_t)at->size, "the name of its loader", e);
	if (r == 0 && text[0] != '/')
		r = broken(image, e, "the name of its loader is not an absolute path");
	if (r == 0)
		image->elf->interp = text; /* the arena's zeros are behind it */
	return r;
}

/* --- the dynamic table --- */

struct dynamic {
	uint64_t strings, strings_size; /* address, length */
	uint64_t rpath, runpath;        /* offsets in the strings; 0: absent */
	uint64_t needed[NEEDED_MAX];
	size_t n_needed;
};

static int read_dynamic(const struct image *image, const struct segment *at, struct dynamic *ret,
			struct err *e)
{
	const unsigned bytes = word[image->elf->is_64];
	auto_free unsigned char *table = NULL;
	int r;

	if (at->size > DYNAMIC_MAX)
		return broken(image, e, "its dynamic table has an impossible size");
	table = malloc((size_t)at->size + 1);
	if (!table)
		return err_num(e, ENOMEM, "read %s", image->name);
	r = read_at(image, at->offset, table, (size_t)at->size, "its dynamic table", e);
	for (size_t i = 0; r == 0 && i + 2 * bytes <= at->size; i += 2 * bytes) {
		uint64_t tag = get(image, table + i, bytes);
		uint64_t value = get(image, table + i + bytes, bytes);

		if (tag == DT_NULL)
			break;
		if (tag == DT_NEEDED && ret->n_needed == NEEDED_MAX)
			return broken(image, e, "it wants too many libraries");
		if (tag == DT_NEEDED)
			ret->needed[ret->n_needed++] = value;
		else if (tag == DT_STRTAB)
			ret->strings = value;
		else if (tag == DT_STRSZ)
			ret->strings_size = value;
		else if (tag == DT_RPATH)
			ret->rpath = value;
		else if (tag == DT_RUNPATH)
			ret->runpath = value;
		else if (tag == DT_FLAGS_1)
			image->elf->no_default = value & DF_1_NODEFLIB;
	}
	return r;
}

static int take_string(const struct image *image, const char *strings, uint64_t size, uint64_t at,
		       const char **ret, struct err *e)
{
	if (at >= size)
		return broken(image, e, "a name is beyond its table of strings");
	*ret = strings + at; /* a 0 stands behind the table */
	return 0;
}

static int take_strings(const struct image *image, const struct dynamic *d, uint64_t offset,
			struct err *e)
{
	struct elf *elf = image->elf;
	char *strings;
	int r;

	if (d->strings_size > STRINGS_MAX)
		return broken(image, e, "its table of strings has an impossible size");
	strings = arena_alloc(image->arena, (size_t)d->strings_size + 1);
	elf->needed = arena_alloc(image->arena, (d->n_needed + 1) * sizeof(*elf->needed));
	if (!strings || !elf->needed)
		return err_num(e, ENOMEM, "read %s", image->name);
	r = read_at(image, offset, strings, (size_t)d->strings_size, "its table of strings", e);
	for (; r == 0 && elf->n_needed < d->n_needed; elf->n_needed++)
		r = take_string(image, strings, d->strings_size, d->needed[elf->n_needed],
				&elf->needed[elf->n_needed], e);
	if (r == 0 && d->rpath)
		r = take_string(image, strings, d->strings_size, d->rpath, &elf->rpath, e);
	if (r == 0 && d->runpath)
		r = take_string(image, strings, d->strings_size, d->runpath, &elf->runpath, e);
	return r;
}

/* A static program that can be moved has a dynamic table without a wish in it. */
static int read_wishes(const struct image *image, const struct segment *v, size_t n,
		       struct dynamic *d, struct err *e)
{
	const struct segment *at = find_segment(v, n, PT_DYNAMIC);
	uint64_t offset;
	int r = at ? read_dynamic(image, at, d, e) : 0;

	if (r < 0 || (d->n_needed == 0 && !d->rpath && !d->runpath))
		return r;
	r = to_offset(image, v, n, d->strings, &offset, e);
	return r < 0 ? r : take_strings(image, d, offset, e);
}

/* --- the whole --- */

static int read_head(struct image *image, unsigned char head[64], struct err *e)
{
	struct elf *elf = image->elf;
	uint64_t type;
	int r;

	if (image->size < SELFMAG)
		return ELF_E_OTHER;
	r = read_at(image, 0, head, SELFMAG, "its first word", e);
	if (r < 0)
		return r;
	if (memcmp(head, ELFMAG, SELFMAG) != 0)
		return ELF_E_OTHER;
	r = read_at(image, 0, head, head_size[0], "its head", e);
	if (r < 0)
		return r;
	if ((head[EI_CLASS] != ELFCLASS32 && head[EI_CLASS] != ELFCLASS64) ||
	    (head[EI_DATA] != ELFDATA2LSB && head[EI_DATA] != ELFDATA2MSB))
		return broken(image, e, "it is of no known class or byte order");
	elf->is_64 = head[EI_CLASS] == ELFCLASS64;
	elf->big_endian = head[EI_DATA] == ELFDATA2MSB;
	r = read_at(image, 0, head, head_size[elf->is_64], "its head", e);
	if (r < 0)
		return r;
	type = get(image, head + 16, 2);
	elf->machine = (uint16_t)get(image, head + 18, 2);
	if (type != ET_EXEC && type != ET_DYN)
		return err_user(e, "%s is an ELF file, but neither a program nor a shared library",
				image->name);
	return 0;
}

int elf_read(int fd, const char *name, struct arena *arena, struct elf *ret, struct err *e)
{
	struct elf elf = {.interp = NULL};
	struct image image = {.fd = fd, .name = name, .arena = arena, .elf = &elf};
	struct dynamic dynamic = {.n_needed = 0};
	const struct segment *interp;
	unsigned char head[64] = {0};
	struct segment *v = NULL;
	struct stat st;
	size_t n = 0;
	int r;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat %s", name);
	image.size = st.st_size > 0 ? (uint64_t)st.st_size : 0;
	r = read_head(&image, head, e);
	if (r == 0)
		r = read_segments(&image, head, &v, &n, e);
	if (r != 0)
		return r;
	interp = find_segment(v, n, PT_INTERP);
	if (interp)
		r = read_interp(&image, interp, e);
	if (r == 0)
		r = read_wishes(&image, v, n, &dynamic, e);
	if (r == 0)
		*ret = elf;
	return r;
}

bool elf_same_kind(const struct elf *a, const struct elf *b)
{
	return a->is_64 == b->is_64 && a->big_endian == b->big_endian && a->machine == b->machine;
}
