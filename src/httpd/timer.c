/* SPDX-License-Identifier: Apache-2.0 */
/* timer - deadlines for many connections: a wheel of slots, see the header. */
#include "httpd/timer.h"

/* The first tick at which everything due at @ms is past. */
static uint64_t tick_of(uint64_t ms)
{
	return ms / TIMER_TICK_MS + 1;
}

void timer_wheel_init(struct timer_wheel *w, uint64_t now, void (*on_expire)(struct timer *))
{
	for (unsigned i = 0; i < TIMER_SLOTS; i++)
		ring_init(&w->slot[i]);
	w->done = now / TIMER_TICK_MS;
	w->next = w->done + 1;
	w->count = 0;
	w->on_expire = on_expire;
}

void timer_init(struct timer *t)
{
	ring_init(&t->ring);
	t->deadline = 0;
}

void timer_set(struct timer_wheel *w, struct timer *t, uint64_t deadline)
{
	uint64_t tick = tick_of(deadline);

	if (!ring_empty(&t->ring) && deadline >= t->deadline) {
		t->deadline = deadline;
		return;
	}
	timer_clear(w, t);
	if (tick <= w->done)
		tick = w->done + 1;
	if (w->count == 0 || tick < w->next)
		w->next = tick;
	t->deadline = deadline;
	ring_add_last(&w->slot[tick % TIMER_SLOTS], &t->ring);
	w->count++;
}

void timer_clear(struct timer_wheel *w, struct timer *t)
{
	if (ring_empty(&t->ring))
		return;
	ring_remove(&t->ring);
	w->count--;
}

/* Empties a slot: what is due is called, what is not goes to where it belongs now. */
static void slot_visit(struct timer_wheel *w, struct ring *slot, uint64_t now)
{
	struct ring due;

	ring_take(&due, slot); /* on_expire may set timers into this very slot */
	while (!ring_empty(&due)) {
		struct timer *t = ring_entry(due.next, struct timer, ring);

		timer_clear(w, t);
		if (t->deadline <= now)
			w->on_expire(t);
		else
			timer_set(w, t, t->deadline);
	}
}

void timer_expire(struct timer_wheel *w, uint64_t now)
{
	uint64_t tick = now / TIMER_TICK_MS;
	unsigned visited = 0;

	while (w->done < tick && visited++ < TIMER_SLOTS) {
		w->done++;
		slot_visit(w, &w->slot[w->done % TIMER_SLOTS], now);
	}
	w->done = tick > w->done ? tick : w->done;
}

int timer_sleep(struct timer_wheel *w, uint64_t now)
{
	if (w->count == 0)
		return -1;
	if (w->next <= w->done)
		w->next = w->done + 1;
	while (ring_empty(&w->slot[w->next % TIMER_SLOTS]))
		w->next++;
	return w->next * TIMER_TICK_MS > now ? (int)(w->next * TIMER_TICK_MS - now) : 0;
}
