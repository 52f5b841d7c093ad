/* go/grow.c - when to evacuate which bucket. See grow.h. */
#include "grow.h"

int go_grow_start(go_map *m)
{
    unsigned same_size = m->map.public_part.count + 1 <= m->grow_at;
    unsigned B = m->B + (same_size ? 0u : 1u);
    go_array array;
    if (!go_array_make(m, &array, B)) return 0;
    gm_repurpose(&m->map.memory, GOMAP_BUCKETS, GOMAP_OLD_BUCKETS, gm_granted(m->now.at, m->now.bytes));
    m->old = m->now;
    m->old_mask = m->mask;
    m->now = array;
    m->same_size = (uint8_t)same_size;
    m->stale = 0;
    m->evacuated = 0;
    m->noverflow = 0;
    m->growths++;
    m->same_size_growths += same_size;
    go_set_B(m, B);
    return 1;
}

static void go_grow_finish(go_map *m)
{
    go_array_drop(m, &m->old, GOMAP_OLD_BUCKETS, 0);
    m->same_size = 0;
    m->evacuated = 0;
}

void go_targets_undo(go_map *m, go_targets *to, size_t tail, uint16_t noverflow)
{
    for (int y = 0; y < 2; y++) {
        if (to->head[y] == NULL) continue;
        for (unsigned char *bucket = go_overflow(m, to->head[y]); bucket; bucket = go_overflow(m, bucket))
            m->now.overflow--;
        go_chain_release(m, &m->now, to->head[y]);
        memset(to->head[y], 0, m->bucket_bytes);
    }
    memset(go_bucket(m, &m->now, tail), 0, (m->now.next_overflow - tail) * m->bucket_bytes);
    m->now.next_overflow = tail;
    m->noverflow = noverflow;
}

int go_grow_work(go_map *m, size_t index)
{
    const go_evacuator *own = gm_engine_of(&m->map.public_part)->own;
    size_t needed = index & m->old_mask;
    if (!go_is_evacuated(go_bucket(m, &m->old, needed)) && !own->evacuate(m, needed)) return 0;
    for (int once = 0; once < 2; once++) {
        /* Pass over what writes have evacuated out of turn, at most 1024 at a time as in Go. */
        size_t stop = m->evacuated + 1024;
        if (stop > m->old_mask + 1) stop = m->old_mask + 1;
        while (m->evacuated < stop && go_is_evacuated(go_bucket(m, &m->old, m->evacuated))) m->evacuated++;
        if (m->evacuated > m->old_mask) {
            go_grow_finish(m);
            return 1;
        }
        if (once == 0 && !go_is_evacuated(go_bucket(m, &m->old, m->evacuated)))
            (void)own->evacuate(m, m->evacuated); /* without memory, a later write's turn */
    }
    return 1;
}
