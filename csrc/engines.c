/* engines.c - the list of engines. A new one is a line here, and its name in gomap.h. */
#include "engine.h"

/* The name, and the function of the engine's engine.c that finds its table for a type. */
#define ENGINES(ENGINE)                                                                                                \
    ENGINE(GOMAP_GO, go_engine_for)                                                                                    \
    ENGINE(GOMAP_ELASTIC, el_engine_for)                                                                               \
    ENGINE(GOMAP_SWISS, sw_engine_for)

#define DECLARE(id, engine_for) const gm_engine *engine_for(const gomap_type *type);
ENGINES(DECLARE)

#define LIST(id, engine_for) [id] = engine_for,
static const gm_engine *(*const engines[GOMAP_ENGINES])(const gomap_type *type) = {ENGINES(LIST)};

const gm_engine *gm_engine_for(int engine, const gomap_type *type) { return engines[engine](type); }
