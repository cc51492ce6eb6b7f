/* SPDX-License-Identifier: Apache-2.0 */
/* pace - whether a loop that is busy should rest for a moment, so that more gathers for it. */
#ifndef HTTPD_PACE_H
#define HTTPD_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_REST_NS   50000
#define PACE_WINDOW_MS 8   /* after so long it is judged anew */
#define PACE_BUSY      20  /* events a millisecond, at least */
#define PACE_ENOUGH    16  /* events in a turn: no need to rest after it */
#define PACE_WORTH     10  /* events a turn; resting has to bring more */
#define PACE_AGAIN_MS  250 /* until it is tried again, when it did not */

/* All 0 at the beginning. */
struct pace {
	uint64_t since_ms; /* of the window */
	uint64_t again_ms; /* not before */
	uint32_t turns, events;
	bool resting;
};

/* At the end of a turn that had @events: is the next to begin with a rest? */
bool pace_wants_rest(struct pace *p, unsigned events, uint64_t now_ms);

#endif
