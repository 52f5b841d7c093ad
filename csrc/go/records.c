/* go/records.c - keys and values behind a reference. See records.h. */
#include "records.h"

int go_records_add(go_map *m, uint32_t *key_record, uint32_t *value_record)
{
    if (m->key_ref && (*key_record = gm_store_add(&m->keys, &m->map.memory)) == 0) return 0;
    if (m->value_ref && (*value_record = gm_store_add(&m->values, &m->map.memory)) == 0) {
        if (*key_record) gm_store_remove(&m->keys, &m->map.memory, *key_record);
        return 0;
    }
    return 1;
}

void go_records_remove(go_map *m, uint32_t key_record, uint32_t value_record)
{
    if (key_record) gm_store_remove(&m->keys, &m->map.memory, key_record);
    if (value_record) gm_store_remove(&m->values, &m->map.memory, value_record);
}

/* A store being made dense: where entries keep its numbers, and the first free number that one may take. */
typedef struct go_settling {
    gm_store *store;
    size_t slots_at, slot_bytes;
    uint32_t free;
} go_settling;

static int go_visit_settle(void *context, unsigned char *head, unsigned char *bucket, unsigned slot)
{
    go_settling *settling = context;
    gm_store *store = settling->store;
    unsigned char *at = bucket + settling->slots_at + slot * settling->slot_bytes;
    uint32_t number = gm_load32(at), free = settling->free;
    (void)head;
    if (number <= store->live) return 1;
    gm_store32(at, free);
    settling->free = gm_load32(gm_store_at(store, free));
    memcpy(gm_store_at(store, free), gm_store_at(store, number), store->stride);
    return 1;
}

void go_store_settle(go_map *m, gm_store *store, size_t slots_at, size_t slot_bytes)
{
    go_settling settling = {store, slots_at, slot_bytes, 0};
    uint32_t next;
    for (uint32_t number = store->free; number; number = next) {
        next = gm_load32(gm_store_at(store, number));
        if (number > store->live) continue;
        gm_store32(gm_store_at(store, number), settling.free);
        settling.free = number;
    }
    go_each_entry(m, go_visit_settle, &settling);
    gm_store_settle(store, &m->map.memory);
}
