/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pace - whether a loop that is busy should rest for a moment.
 *
 * A server that is a little faster than its clients finds one or two requests whenever it looks,
 * and pays for each look and for each falling asleep; one that is slower finds dozens, and is
 * cheaper a request. So, as network cards do with their interrupts: under load, a turn that found
 * few is followed by a rest, which costs each of them some 50 us. Whether that is of use depends on
 * how many clients there are and cannot be known: it is tried for a window. When the turns have not
 * become larger, nobody rests for a quarter of a second.
 */
#include "httpd/pace.h"

static void judge(struct pace *p, uint64_t now_ms)
{
	bool busy = p->events >= (now_ms - p->since_ms) * PACE_BUSY;

	if (busy && p->resting && p->events <= p->turns * PACE_WORTH) {
		p->resting = false;
		p->again_ms = now_ms + PACE_AGAIN_MS;
	} else if (!p->resting || !busy) {
		p->resting = busy && p->events > p->turns && now_ms >= p->again_ms;
	}
}

bool pace_wants_rest(struct pace *p, unsigned events, uint64_t now_ms)
{
	p->turns++;
	p->events += events;
	if (now_ms - p->since_ms >= PACE_WINDOW_MS) {
		judge(p, now_ms);
		p->since_ms = now_ms;
		p->turns = p->events = 0;
	}
	return p->resting && events > 0 && events < PACE_ENOUGH;
}
