/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timer - deadlines for many connections: a wheel of slots.
 *
 * Setting and clearing cost the same however many there are. A deadline that moves away is only
 * written down: the timer stays in its slot and is put on when the wheel comes by.
 */
#ifndef HTTPD_TIMER_H
#define HTTPD_TIMER_H

#include "httpd/ring.h"

#include <stdint.h>

#define TIMER_SLOTS   512 /* with the tick: 64 seconds a turn; what is later goes round again */
#define TIMER_TICK_MS 128

struct timer {
	struct ring ring;
	uint64_t deadline; /* ms */
};

struct timer_wheel {
	struct ring slot[TIMER_SLOTS];
	uint64_t done; /* the tick up to which the slots are empty or later */
	uint64_t next; /* no timer stands in a slot before this tick */
	unsigned count;
	void (*on_expire)(struct timer *t); /* called with the timer cleared */
};

void timer_wheel_init(struct timer_wheel *w, uint64_t now, void (*on_expire)(struct timer *));
void timer_init(struct timer *t);
void timer_set(struct timer_wheel *w, struct timer *t, uint64_t deadline);
void timer_clear(struct timer_wheel *w, struct timer *t);
/* Calls on_expire for each timer whose deadline has come: at most a tick late, never early. */
void timer_expire(struct timer_wheel *w, uint64_t now);
/* Milliseconds that may be slept; -1 when no timer is set. */
int timer_sleep(struct timer_wheel *w, uint64_t now);

#endif
