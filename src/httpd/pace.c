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
 * kept as long as it makes an event cheaper and not fewer of them. To go without them for a moment,
 * to compare, costs as much as they save then: what stays good is compared more and more rarely.
 */
#include "httpd/pace.h"

static void start_round(struct pace *p)
{
	p->now = (struct pace_sum){0};
	p->windows = 0;
}

/* Goes on with rests of @rest, or with none. */
static void change(struct pace *p, uint32_t rest)
{
	p->rest = rest;
	p->round = 0;
	start_round(p);
}

/* Less than @percent of the events a millisecond that there were before. */
static bool is_slower(const struct pace *p, unsigned percent)
{
	return p->now.events * p->before.ms * 100 < p->before.events * p->now.ms * percent;
}

/* One window can be half empty because the clients have ended, or have moods. */
static bool is_worse(const struct pace *p)
{
	if (p->windows < PACE_SURE)
		return is_slower(p, 75);
	return is_slower(p, 90) ||
	       p->now.cpu_ns * p->before.events >= p->before.cpu_ns * p->now.events;
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
	p->more = 0;
	change(p, 0);
}

/* They were good so far: goes without them for as long as it takes to know that they still are. */
static void compare(struct pace *p, bool worse)
{
	p->more = worse ? 0 : 2 * p->more + 1;
	if (p->more > PACE_MORE)
		p->more = PACE_MORE;
	p->next_rest = p->rest;
	p->again = 0;
	change(p, 0);
}

static void judge_with(struct pace *p, uint64_t now_ms)
{
	bool worse = is_worse(p);

	if (worse && p->round == 0 && p->windows <= PACE_SURE) {
		if (p->rest / 2 >= PACE_REST_MIN)
			change(p, p->rest / 2);
		else
			give_up(p, now_ms);
	} else if (worse) { /* the machine may have changed its mind */
		compare(p, true);
	} else if (p->windows == PACE_WITH) {
		if (p->round++ < p->more)
			start_round(p);
		else
			compare(p, false);
	}
}

/* The clients have other things to do: what is known of rests may hold when they are back. */
static void pause_rests(struct pace *p)
{
	if (p->rest > 0 && p->windows > PACE_SURE)
		p->next_rest = p->rest;
	p->paused = true;
	change(p, 0);
}

static void judge_busy(struct pace *p, uint64_t now_ms)
{
	bool go_on = p->paused && p->next_rest > 0;

	p->paused = false;
	if (go_on) {
		change(p, p->next_rest);
		p->round = 1;
	} else if (p->rest == 0) {
		judge_without(p, now_ms);
	} else {
		judge_with(p, now_ms);
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
	if (p->events / ms >= PACE_BUSY)
		judge_busy(p, now_ms);
	else if ((uint64_t)p->turns * p->rest > ms * 1000000 / 2)
		give_up(p, now_ms); /* so few because it rests most of the time */
	else
		pause_rests(p);
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
