/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pace - whether a loop that is busy should rest for a moment.
 *
 * A server that is a little faster than its clients finds one or two requests whenever it looks,
 * and pays for each look and for each falling asleep; one that is slower finds dozens, and is
 * cheaper a request. So, as network cards do with their interrupts: under load, a turn that found
 * few is followed by a rest, which costs each of them some 50 us. Whether that is of use depends on
 * the clients (one that sleeps meanwhile has to be woken, which is dear) and cannot be known: it is
 * tried, and kept as long as it makes an event cheaper and not fewer of them.
 */
#include "httpd/pace.h"

static void judge(struct pace *p, uint64_t ms, uint64_t now_ms)
{
	uint64_t cpu_ns = p->cpu_ns();
	uint64_t cost = p->events > 0 ? (cpu_ns - p->since_cpu_ns) / p->events : 0;
	uint64_t rate = p->events / ms;

	p->since_cpu_ns = cpu_ns;
	if (rate < PACE_BUSY) {
		p->resting = false;
	} else if (!p->resting) {
		p->cost = cost;
		p->rate = rate;
		p->left = PACE_WINDOWS;
		p->resting = p->events > p->turns && now_ms >= p->again_ms;
	} else if (cost >= p->cost || rate < p->rate * 9 / 10) {
		p->resting = false;
		p->again_ms = now_ms + PACE_AGAIN_MS;
	} else {
		p->resting = --p->left > 0;
	}
}

bool pace_wants_rest(struct pace *p, unsigned events, uint64_t now_ms)
{
	uint64_t ms = now_ms - p->since_ms;

	p->turns++;
	p->events += events;
	if (ms >= PACE_WINDOW_MS) {
		judge(p, ms, now_ms);
		p->since_ms = now_ms;
		p->turns = p->events = 0;
	}
	return p->resting && events > 0 && events < PACE_ENOUGH;
}
