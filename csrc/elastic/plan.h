/* elastic/plan.h - what a map of so many entries would hold, by the steps of growth that it would take. */
#ifndef GM_ELASTIC_PLAN_H
#define GM_ELASTIC_PLAN_H

#include "layout.h"

int el_plan(const gm_engine *engine, const gomap_type *type, size_t count, int how,
            const gomap_lengths strings[GOMAP_PARTS], gomap_planned *planned);

#endif
