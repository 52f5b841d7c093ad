/* swiss/plan.h - what a map of so many entries would hold.
 *
 * Up to 896 entries one table has them all, and nothing is chance. Which tables split at larger counts is; the plan
 * gives the mean. While many split, one map's bytes differ from it by a percent or two.
 */
#ifndef GM_SWISS_PLAN_H
#define GM_SWISS_PLAN_H

#include "layout.h"

int sw_plan(const gm_engine *engine, const gomap_type *type, size_t count, int how,
            const gomap_lengths strings[GOMAP_PARTS], gomap_planned *planned);

#endif
