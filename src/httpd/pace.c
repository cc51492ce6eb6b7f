/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pace - whether a loop that is busy should rest for a moment.
 *
 * A server that is a little faster than its clients finds one or two requests whenever it looks,
 * and pays for each look and for each falling asleep; one that is slower finds dozens, and is
 * cheaper a request. So, as network cards do with their interrupts: under load, a turn that found
 * few is followed by a rest, which costs each of them up to 100 us. Whether that is of use depends
 * on the clients (one that sleeps meanwhile has to be woken, which is dear; few of them have all
 * asked before it is over) and cannot be known: it is tried, longer rests before shorter ones, and
 * kept as long as it makes an event cheaper and not fewer of them.
 */
#include "httpd/pace.h"

#include <stdbool.h>

/* Goes on with rests of @rest, or with none. */
static void change(struct pace *p, uint32_t rest)
{
	p->rest = rest;
	p->now = (struct pace_sum){0};
	p->windows = 0;
}

static bool is_worse(const struct pace *p)
{
	const struct pace_sum *now = &p->now, *before = &p->before;

	if (now->events * before->ms * 10 < before->events * now->ms * 9)
		return true;
	return p->windows >= PACE_SURE &&
	       now->cpu_ns * before->events >= before->cpu_ns * now->events;
}

static void judge_without(struct pace *p, uint64_t now_ms)
{
	bool in_ones = p->now.events <= p->now.turns; /* nothing gathers: there is one client */

	if (p->windows < PACE_WITHOUT)
		return;
	p->before = p->now;
	if (in_ones || now_ms < p->again_ms)
		change(p, 0);
	else
		change(p, p->next_rest ? p->next_rest : PACE_REST_MAX);
}

/* They were of no use. */
static void give_up(struct pace *p, uint64_t now_ms)
{
	p->again = p->again == 0 ? PACE_AGAIN_MS : p->again * 2;
	if (p->again > PACE_AGAIN_MAX)
		p->again = PACE_AGAIN_MAX;
	p->again_ms = now_ms + p->again;
	p->next_rest = 0;
	change(p, 0);
}

static void judge_with(struct pace *p, uint64_t now_ms)
{
	bool worse = is_worse(p);

	if (worse && p->windows <= PACE_SURE) {
		if (p->rest / 2 >= PACE_REST_MIN)
			change(p, p->rest / 2);
		else
			give_up(p, now_ms);
	} else if (worse || p->windows == PACE_WITH) { /* the machine may have changed its mind */
		p->next_rest = p->rest;
		p->again = 0;
		change(p, 0);
	}
}

static void end_window(struct pace *p, uint64_t now_ms)
{
	uint64_t cpu_ns = p->cpu_ns(), ms = now_ms - p->at_ms;

	p->now.ms += ms;
	p->now.cpu_ns += cpu_ns - p->at_cpu_ns;
	p->now.turns += p->turns;
	p->now.events += p->events;
	p->windows++;
	if (p->events / ms < PACE_BUSY && (uint64_t)p->turns * p->rest > ms * 1000000 / 2) {
		give_up(p, now_ms); /* so few because it rests most of the time */
	} else if (p->events / ms < PACE_BUSY) {
		p->next_rest = 0;
		change(p, 0);
	} else if (p->rest == 0) {
		judge_without(p, now_ms);
	} else {
		judge_with(p, now_ms);
	}
	p->at_ms = now_ms;
	p->at_cpu_ns = cpu_ns;
	p->turns = p->events = 0;
}

uint32_t pace_rest(struct pace *p, unsigned events, uint64_t now_ms)
{
	p->turns++;
	p->events += events;
	if (now_ms - p->at_ms >= PACE_WINDOW_MS)
		end_window(p, now_ms);
	return events > 0 && events < PACE_ENOUGH ? p->rest : 0;
}
