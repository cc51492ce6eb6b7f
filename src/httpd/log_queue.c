/* SPDX-License-Identifier: Apache-2.0 */
/* log_queue - bytes from one thread to another without a lock, see the header. */
#include "httpd/log_queue.h"

#include <stdlib.h>
#include <string.h>

bool log_queue_init(struct log_queue *q, size_t size)
{
	memset(q, 0, sizeof(*q));
	q->data = malloc(size);
	q->size = size;
	return q->data != NULL;
}

void log_queue_done(struct log_queue *q)
{
	free(q->data);
	q->data = NULL;
}

bool log_queue_put(struct log_queue *q, const char *line, size_t len)
{
	size_t put = atomic_load_explicit(&q->put, memory_order_relaxed);
	size_t at = put & (q->size - 1), first = q->size - at;

	if (len > q->size - (put - q->taken_seen))
		q->taken_seen = atomic_load_explicit(&q->taken, memory_order_acquire);
	if (len > q->size - (put - q->taken_seen)) {
		atomic_fetch_add_explicit(&q->dropped, 1, memory_order_relaxed);
		return false;
	}
	if (first > len)
		first = len;
	memcpy(q->data + at, line, first);
	memcpy(q->data, line + first, len - first);
	atomic_store_explicit(&q->put, put + len, memory_order_release);
	return true;
}

size_t log_queue_peek(struct log_queue *q, struct iovec ret[2])
{
	size_t taken = atomic_load_explicit(&q->taken, memory_order_relaxed);
	size_t len = atomic_load_explicit(&q->put, memory_order_acquire) - taken;
	size_t at = taken & (q->size - 1), first = q->size - at;

	if (first > len)
		first = len;
	ret[0] = (struct iovec){.iov_base = q->data + at, .iov_len = first};
	ret[1] = (struct iovec){.iov_base = q->data, .iov_len = len - first};
	return len;
}

size_t log_queue_waiting(const struct log_queue *q)
{
	/* in this order: what is taken between the two would be more than was put */
	size_t taken = atomic_load_explicit(&q->taken, memory_order_acquire);

	return atomic_load_explicit(&q->put, memory_order_acquire) - taken;
}

void log_queue_take(struct log_queue *q, size_t len)
{
	size_t taken = atomic_load_explicit(&q->taken, memory_order_relaxed);

	atomic_store_explicit(&q->taken, taken + len, memory_order_release);
}
