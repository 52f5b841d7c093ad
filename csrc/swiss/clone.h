/* swiss/clone.h - a copy of a map, slot by slot: of the same tables, tombstones and seed, as Go's Clone makes it. */
#ifndef GM_SWISS_CLONE_H
#define GM_SWISS_CLONE_H

#include "tables.h"

gomap *sw_copy(const gomap *source);

#endif
