/* SPDX-License-Identifier: Apache-2.0 */
/* pace - whether a loop that is busy should rest for a moment, so that more gathers for it. */
#ifndef HTTPD_PACE_H
#define HTTPD_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_REST_NS   50000
#define PACE_WINDOW_MS 16  /* after so long it is judged anew */
#define PACE_WINDOWS   24  /* with rests, then one without to compare with */
#define PACE_BUSY      20  /* events a millisecond, at least */
#define PACE_ENOUGH    16  /* events in a turn: no need to rest after it */
#define PACE_AGAIN_MS  500 /* until it is tried again, when it was of no use */

/* All 0 at the beginning but for .cpu_ns. */
struct pace {
	uint64_t (*cpu_ns)(void); /* of this thread, so far */
	uint64_t since_ms;        /* the window: when it began, */
	uint64_t since_cpu_ns;
	uint32_t turns, events; /* and what was in it */
	uint64_t cost, rate;    /* without rests: ns an event, events a millisecond */
	uint64_t again_ms;      /* not before */
	unsigned left;          /* windows with rests */
	bool resting;
};

/* At the end of a turn that had @events: is the next to begin with a rest? */
bool pace_wants_rest(struct pace *p, unsigned events, uint64_t now_ms);

#endif
