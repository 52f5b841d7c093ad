/* elastic/plan.c - what a map of so many entries would hold. See plan.h. */
#include "plan.h"
#include "room.h"

/* The buckets of a map to which so many entries were added one by one. */
static size_t grown_buckets(const el_map *m, size_t count)
{
    size_t buckets = 1, most = EL_MAX_BUCKETS;
    if (count == 0) return 0;
    for (; el_is_small(buckets); buckets += el_step(buckets))
        if (el_capacity(m, buckets) >= count) return buckets;
    while (buckets < most) { /* from there on one at a time: the fewest that have room */
        size_t middle = (buckets + most) / 2;
        if (el_capacity(m, middle) < count) buckets = middle + 1;
        else most = middle;
    }
    return buckets;
}

/* The bytes of the tags or the slots of a map that has grown to so many buckets. */
static size_t grown_region(int purpose, size_t buckets, size_t bucket_bytes)
{
    size_t bytes = 0;
    for (size_t small = 1; small <= buckets; small += el_step(small)) {
        size_t needed = small * bucket_bytes;
        if (bytes < needed) bytes = gm_region_bytes(purpose, el_region_room(purpose, needed, small, 0));
        if (!el_is_small(small)) break;
    }
    return gm_region_grown(purpose, bytes, bucket_bytes, buckets * bucket_bytes);
}

static double region(int purpose, size_t buckets, size_t bucket_bytes, int exactly)
{
    size_t bytes =
        exactly ? gm_region_bytes(purpose, buckets * bucket_bytes) : grown_region(purpose, buckets, bucket_bytes);
    return (double)gm_region_granted_for(purpose, bytes);
}

int el_plan(const gm_engine *engine, const gomap_type *type, size_t count, int how,
            const gomap_lengths strings[GOMAP_PARTS], gomap_planned *planned)
{
    el_map m;
    int exactly = how != GOMAP_GROWN, in_region = 0;
    memset(&m, 0, sizeof m);
    el_describe(&m, engine, type);
    for (int part = GOMAP_KEY; part < GOMAP_PARTS; part++) {
        planned->live[GOMAP_STRINGS] += (double)gm_strings_planned(&strings[part], how == GOMAP_COMPACTED);
        for (size_t i = 0; i < strings[part].count; i++) in_region |= strings[part].at[i].length > GM_IMAGE;
    }
    planned->most = engine->ref || in_region ? GM_STORE_MOST : el_capacity(&m, EL_MAX_BUCKETS - 1);
    if (count > planned->most) return -1;
    planned->buckets = count && how == GOMAP_RESERVED ? el_buckets_for(&m, count) : grown_buckets(&m, count);
    if (how == GOMAP_COMPACTED && el_compact_buckets(count) < planned->buckets)
        planned->buckets = el_compact_buckets(count);
    planned->live[GOMAP_HEADER] = (double)gm_granted_for(el_struct_bytes(engine, type));
    if (count == 0) return 0;
    planned->live[GOMAP_TAGS] = region(GOMAP_TAGS, planned->buckets, EL_SLOTS, exactly);
    if (m.aside_bytes)
        planned->live[GOMAP_TAGS] += region(GOMAP_TAGS, planned->buckets, (size_t)EL_SLOTS * m.aside_bytes, exactly);
    planned->live[GOMAP_BUCKETS] =
        m.slot_bytes ? region(GOMAP_BUCKETS, planned->buckets, (size_t)EL_SLOTS * m.slot_bytes, exactly)
                     : (double)gm_granted_for(el_slots_needed(planned->buckets, 0));
    if (engine->ref)
        planned->live[GOMAP_RECORDS] = (double)gm_store_planned(m.records.stride, GOMAP_RECORDS, count, exactly);
    return 0;
}
