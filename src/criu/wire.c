/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire - the messages to and from CRIU as bytes.
 *
 * Protocol buffers, as little of them as this takes: a field is its number and its shape as a
 * varint, then a varint, or a length and as many bytes. Unknown fields are passed over.
 *
 * Source: protobuf.dev "Encoding"; the numbers are those of CRIU's rpc.proto.
 */
#include "criu/wire.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum shape { SHAPE_VARINT = 0, SHAPE_64 = 1, SHAPE_BYTES = 2, SHAPE_32 = 5 };

/* --- writing --- */

static void put_varint(struct buf *out, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		buf_add_char(out, (char)(value | 0x80));
	buf_add_char(out, (char)value);
}

static void put_bytes(struct buf *out, unsigned field, const void *data, size_t len)
{
	put_varint(out, field << 3 | SHAPE_BYTES);
	put_varint(out, len);
	if (len)
		buf_add(out, data, len);
}

static void put_number(struct buf *out, unsigned field, uint64_t value)
{
	put_varint(out, field << 3 | SHAPE_VARINT);
	put_varint(out, value);
}

static void put_message(struct buf *out, unsigned field, const struct buf *message)
{
	put_bytes(out, field, message->data, message->len);
	out->failed = out->failed || message->failed;
}

void criu_put_number(struct buf *opts, enum criu_field field, uint64_t value)
{
	put_number(opts, field, value);
}

void criu_put_text(struct buf *opts, enum criu_field field, const char *text)
{
	put_bytes(opts, field, text, strlen(text));
}

void criu_put_pair(struct buf *opts, enum criu_field field, const char *first, const char *second)
{
	auto_buf struct buf message = BUF_INIT;

	put_bytes(&message, 1, first, strlen(first));
	put_bytes(&message, 2, second, strlen(second));
	put_message(opts, field, &message);
}

void criu_put_text_number(struct buf *opts, enum criu_field field, const char *text,
			  uint64_t number)
{
	auto_buf struct buf message = BUF_INIT;

	put_bytes(&message, 1, text, strlen(text));
	put_number(&message, 2, number);
	put_message(opts, field, &message);
}

void wire_request(struct buf *out, enum criu_action action, const struct buf *opts)
{
	put_number(out, 1, action);
	if (opts)
		put_message(out, 2, opts);
}

void wire_answer(struct buf *out, bool success)
{
	put_number(out, 1, WIRE_NOTIFY);
	put_number(out, 3, success);
}

/* --- reading --- */

struct cursor {
	const unsigned char *at, *end;
	bool bad;
};

struct field {
	unsigned number;
	uint64_t value;             /* SHAPE_VARINT */
	const unsigned char *bytes; /* SHAPE_BYTES, else NULL */
	size_t len;
};

static uint64_t take_varint(struct cursor *c)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64 && c->at < c->end; shift += 7) {
		unsigned char byte = *c->at++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return value;
	}
	c->bad = true;
	return 0;
}

static void take_bytes(struct cursor *c, uint64_t len, struct field *ret)
{
	if (len > (size_t)(c->end - c->at)) {
		c->bad = true;
		return;
	}
	ret->bytes = c->at;
	ret->len = (size_t)len;
	c->at += len;
}

/* False at the end, and where the bytes make no sense: then c->bad is set. */
static bool take_field(struct cursor *c, struct field *ret)
{
	uint64_t key;

	*ret = (struct field){.bytes = NULL};
	if (c->bad || c->at == c->end)
		return false;
	key = take_varint(c);
	ret->number = (unsigned)(key >> 3);
	switch (key & 7) {
	case SHAPE_VARINT:
		ret->value = take_varint(c);
		break;
	case SHAPE_BYTES:
		take_bytes(c, take_varint(c), ret);
		break;
	case SHAPE_64:
	case SHAPE_32:
		take_bytes(c, (key & 7) == SHAPE_64 ? 8 : 4, ret);
		ret->bytes = NULL; /* nothing of interest has this shape */
		break;
	default:
		c->bad = true;
	}
	return !c->bad;
}

static void copy_text(const struct field *f, char *out, size_t size)
{
	if (f->bytes)
		(void)snprintf(out, size, "%.*s", f->len > INT_MAX ? 0 : (int)f->len,
			       (const char *)f->bytes);
}

/* criu_notify has the pid as its second field, criu_restore_resp as its first. */
static bool read_inner(const struct field *outer, unsigned pid_field, struct wire_reply *ret)
{
	struct cursor c = {.at = outer->bytes};
	struct field f;

	if (!outer->bytes)
		return false;
	c.end = c.at + outer->len;
	while (take_field(&c, &f)) {
		if (f.number == pid_field)
			ret->pid = f.value <= INT_MAX ? (pid_t)f.value : 0;
		else if (f.number == 1)
			copy_text(&f, ret->script, sizeof(ret->script));
	}
	return !c.bad;
}

bool wire_read_reply(const void *data, size_t len, struct wire_reply *ret)
{
	struct cursor c = {.at = data, .end = (const unsigned char *)data + len};
	bool typed = false;
	struct field f;

	*ret = (struct wire_reply){.success = false};
	while (!c.bad && take_field(&c, &f)) {
		switch (f.number) {
		case 1:
			typed = !f.bytes;
			ret->type = f.value;
			break;
		case 2:
			ret->success = f.value != 0;
			break;
		case 4:
		case 5:
			c.bad = !read_inner(&f, f.number == 4 ? 1 : 2, ret);
			break;
		case 7:
			ret->errnum = f.value <= INT_MAX ? (int)f.value : 0;
			break;
		case 9:
			copy_text(&f, ret->message, sizeof(ret->message));
			break;
		default:
			break;
		}
	}
	return typed && !c.bad;
}
