/* engines.c - the list of engines. A new one is a line here, and its number in gomap.h. */
#include "engine.h"

/* The number; the function of the engine's engine.c that finds its table for a type; and what gomap_about says. */
#define ENGINES(ENGINE)                                                                                                \
    ENGINE(GOMAP_GO, go_engine_for, "go", 1, 1)                                                                        \
    ENGINE(GOMAP_ELASTIC, el_engine_for, "elastic", 0, 0)                                                              \
    ENGINE(GOMAP_SWISS, sw_engine_for, "swiss", 1, 1)

#define DECLARE(id, engine_for, name, distinct_nans, keeps_room) const gm_engine *engine_for(const gomap_type *type);
ENGINES(DECLARE)

#define LIST(id, engine_for, name, distinct_nans, keeps_room) [id] = engine_for,
static const gm_engine *(*const engines[GOMAP_ENGINES])(const gomap_type *type) = {ENGINES(LIST)};

#define ABOUT(id, engine_for, name, distinct_nans, keeps_room) [id] = {name, distinct_nans, keeps_room},
static const gomap_about about[GOMAP_ENGINES] = {ENGINES(ABOUT)};

const gm_engine *gm_engine_for(int engine, const gomap_type *type) { return engines[engine](type); }

const gomap_about *gomap_about_engine(int engine) { return &about[engine]; }
