/* SPDX-License-Identifier: Apache-2.0 */
/* pace - whether a loop that is busy should rest for a moment, so that more gathers for it. */
#ifndef HTTPD_PACE_H
#define HTTPD_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_REST_MAX  100000 /* ns */
#define PACE_REST_MIN  50000
#define PACE_WINDOW_MS 16   /* after so long it is judged anew */
#define PACE_WITHOUT   2    /* windows without rests, to compare with, */
#define PACE_WITH      30   /* and then with them, */
#define PACE_MORE      15   /* times that long at most, more each time that they were good */
#define PACE_SURE      3    /* windows until a small difference is believed */
#define PACE_BUSY      20   /* events a millisecond, at least */
#define PACE_ENOUGH    16   /* events in a turn: no need to rest after it */
#define PACE_AGAIN_MS  500  /* until it is tried again when it was of no use, and twice as long */
#define PACE_AGAIN_MAX 8000 /* each time */

/* What happened in some time. */
struct pace_sum {
	uint64_t ms, cpu_ns, turns, events;
};

/* All 0 at the beginning but for .cpu_ns. */
struct pace {
	uint64_t (*cpu_ns)(void);  /* of this thread, so far */
	uint64_t at_ms, at_cpu_ns; /* when the window began, */
	unsigned turns, events;    /* and what was in it */
	struct pace_sum now,
		before;           /* with the present rest or lack of it; without, the last time */
	unsigned windows;         /* in .now */
	unsigned round, more;     /* times PACE_WITH with rests behind us, and after the first */
	uint32_t rest;            /* ns, 0 for none */
	uint32_t next_rest;       /* known to be good; 0: none, the longest is tried first */
	bool paused;              /* there was no load */
	uint64_t again_ms, again; /* not before; for how long that was */
};

/* At the end of a turn that had @events: ns to rest for before the next one. */
uint32_t pace_rest(struct pace *p, unsigned events, uint64_t now_ms);

#endif
