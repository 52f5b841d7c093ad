/* swiss/prune.h - tombstones that no look-up needs become empty slots (Go's pruneTombstones, since 1.25).
 *
 * A look-up goes through the groups before its key's own, which therefore must not get an empty slot. A table that is
 * full up to its tombstones finds the groups that some look-up needs; the tombstones of the others go, if they are a
 * tenth of the slots. Nothing moves. Go does it in its assignments for string keys and plain keys of four or eight
 * bytes, with values of up to 128; so does this map (`prunes`).
 */
#ifndef GM_SWISS_PRUNE_H
#define GM_SWISS_PRUNE_H

#include "layout.h"

/* Tombstones of a table. */
GM_INLINE uint32_t sw_tombstones(const sw_table *table)
{
    return sw_fill_most(table->mask + 1) - table->used - table->growth_left;
}

/* Marks the groups that look-ups need, and those that have no tombstones. */
GM_INLINE void sw_mark_needed(const sw_map *m, const sw_table *table, unsigned char *needed, gm_kind kind)
{
    for (uint32_t at = 0; at <= table->mask; at++) {
        unsigned char *group = sw_group(m, table, at);
        for (gm_match full = sw_full(group); full; full = gm_match_next(full)) {
            const unsigned char *key = gm_key_in(&m->parts, sw_slot(m, group, gm_match_index(full)), kind);
            sw_probe probe = sw_probe_begin(table, gm_key_hash(&m->map, key, kind));
            while (probe.at != at) {
                needed[probe.at] = 1;
                if (!sw_probe_next(&probe, table)) break;
            }
        }
        if (sw_empty(group)) needed[at] = 1;
    }
}

/* Whether some have gone. */
GM_INLINE int sw_prune(const sw_map *m, sw_table *table, gm_kind kind)
{
    unsigned char needed[SW_GROUPS_MOST] = {0};
    uint32_t capacity = sw_capacity(table), gone = 0;
    if (!m->prunes || table->mask >= SW_GROUPS_MOST || sw_tombstones(table) * 10 < capacity) return 0;
    sw_mark_needed(m, table, needed, kind);
    for (uint32_t at = 0; at <= table->mask; at++)
        if (!needed[at]) gone += gm_match_count(sw_open(sw_group(m, table, at)));
    if (gone * 10 < capacity) return 0;
    for (uint32_t at = 0; at <= table->mask; at++) {
        unsigned char *group = sw_group(m, table, at);
        if (needed[at]) continue;
        for (gm_match open = sw_open(group); open; open = gm_match_next(open)) group[gm_match_index(open)] = SW_EMPTY;
    }
    table->growth_left += gone;
    return 1;
}

#endif
