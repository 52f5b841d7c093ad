/* go/records.h - keys and values behind a reference: their records, and the closing of gaps among them. */
#ifndef GM_GO_RECORDS_H
#define GM_GO_RECORDS_H

#include "layout.h"

/* Records for a new entry; 0 when there is no memory, and then neither is taken. */
int go_records_add(go_map *m, uint32_t *key_record, uint32_t *value_record);

void go_records_remove(go_map *m, uint32_t key_record, uint32_t value_record);

/* Makes a store dense: records with numbers beyond the live ones' count take free numbers below it. */
void go_store_settle(go_map *m, gm_store *store, size_t slots_at, size_t slot_bytes);

/* Go's collector gives the bytes of a deleted value back some time later. Here it is done when more
 * records are free than live, and enough of them to be worth a walk over the array. */
GM_INLINE int go_is_sparse(const go_map *m, const gm_store *store)
{
    uint32_t free = store->used - store->live;
    return free > store->live && (size_t)free * store->stride > m->now.bytes / 16 + GM_MAP_BYTES;
}

#endif
