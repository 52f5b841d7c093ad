/* go/plan.h - what a map of so many entries would hold.
 *
 * The number of overflow buckets is random, and so is which old buckets have been evacuated. The plan gives the mean.
 * At 10,000 entries one map's bytes differ from the mean by a percent or two, at 1,000,000 by less than a tenth of a
 * percent.
 */
#ifndef GM_GO_PLAN_H
#define GM_GO_PLAN_H

#include "layout.h"

int go_plan(const gm_engine *engine, const gomap_type *type, size_t count, int how,
            const gomap_lengths strings[GOMAP_PARTS], gomap_planned *planned);

#endif
