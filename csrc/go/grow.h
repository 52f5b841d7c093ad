/* go/grow.h - growth and evacuation (Go's hashGrow, growWork, evacuate).
 *
 * Growth begins at an insertion, when the load is over 6.5 or when overflow buckets are about as
 * many as buckets: the array becomes the old one, and a new one of twice its size (or, for too
 * many overflow buckets, of the same) stands empty beside it. From then on every assignment and
 * deletion evacuates the old bucket that it needs and one more:
 *
 *     old   | e | e |   | e |   |   |   |   |        old bucket i goes to
 *             0   1   2   3   4  ...                     X: new i
 *     new   | x | x | - | x | - | - | - | - | y | y | - | y | - ...      Y: new i + old size
 *
 * Until an old bucket is evacuated, its two new ones are empty; reads look in the old one. So a
 * failed evacuation is undone by emptying the two.
 *
 * Unlike Go, nothing is evacuated while an iterator is alive (an insertion ends the iterators, and
 * then evacuates): a bucket that is being iterated stays where it is. An old chain's overflow
 * buckets from the heap are given back as it is evacuated; the old array itself at the end.
 */
#ifndef GM_GO_GROW_H
#define GM_GO_GROW_H

#include "array.h"

/* 0 when there is no memory; nothing has changed then. */
int go_grow_start(go_map *m);

/* Where evacuated entries go: X's chain and Y's, each with its last bucket. */
typedef struct go_targets {
    unsigned char *head[2], *bucket[2];
} go_targets;

/* Empties the targets again, and gives back what they took from the heap and from the tail. */
void go_targets_undo(go_map *m, go_targets *to, size_t tail, uint16_t noverflow);

/* Which of the two an entry goes to, and its tophash there. */
GM_INLINE unsigned go_direction(go_map *m, const unsigned char *key, unsigned char *top, gm_kind kind)
{
    if (m->same_size) return 0;
    if (GM_UNLIKELY(gm_key_is_nan(key, kind))) {
        /* No hash can be had again for it: as in Go, the old tophash decides and a new one is drawn,
         * so that NaNs spread however often the map grows. */
        unsigned y = *top & 1;
        *top = go_tophash(gm_random(&m->random));
        return y;
    }
    return (gm_key_hash(&m->map, gm_key_in(&m->parts, key, kind), kind) & (m->old_mask + 1)) != 0;
}

/* One old chain to its targets. 0 when there is no memory, and nothing has changed then. One function
 * for a kind (kinds.h), which go_grow_work calls. */
GM_INLINE int go_evacuate(go_map *m, size_t index, gm_kind kind)
{
    unsigned char *head = go_bucket(m, &m->old, index);
    size_t tail = m->now.next_overflow;
    uint16_t noverflow = m->noverflow;
    unsigned char marks[GO_SLOTS];
    go_targets to;

    memset(marks, GO_EVACUATED_EMPTY, sizeof marks);
    to.head[0] = to.bucket[0] = go_bucket(m, &m->now, index);
    to.head[1] = to.bucket[1] = m->same_size ? NULL : go_bucket(m, &m->now, index + m->old_mask + 1);
    unsigned slots = 0; /* each target's next free slot, X's in the low byte. In a register, since each entry waits for
                         * the slot of the one before */
    go_prefetch(m, head);
    for (int y = 0; y < 2 && to.head[y]; y++) {
        GM_PREFETCH(to.head[y]);
        go_prefetch(m, to.head[y]);
    }

    for (unsigned char *bucket = head; bucket; bucket = go_overflow(m, bucket)) {
        for (gm_match full = go_full(bucket); full; full = gm_match_next(full)) {
            unsigned slot = gm_match_index(full);
            unsigned char *key = go_key(m, bucket, slot, kind), top = bucket[slot];
            unsigned y = go_direction(m, key, &top, kind);
            unsigned place = (slots >> (8 * y)) & 0xff;
            if (GM_UNLIKELY(place == GO_SLOTS)) {
                unsigned char *more = go_overflow_add(m, to.bucket[y]);
                if (more == NULL) {
                    go_targets_undo(m, &to, tail, noverflow);
                    return 0;
                }
                to.bucket[y] = more;
                place = 0;
                slots &= ~(0xffu << (8 * y));
            }
            slots += 1u << (8 * y);
            unsigned char *into = to.bucket[y];
            into[place] = top;
            memcpy(go_key(m, into, place, kind), key, gm_key_slot(&m->parts, kind));
            gm_copy(go_value_slot(m, into, place), go_value_slot(m, bucket, slot), m->parts.value_slot);
            if (bucket == head) marks[slot] = (unsigned char)(GO_EVACUATED_X + y);
        }
        if (bucket[GO_SLOTS - 1] == GO_EMPTY_REST) break;
    }
    if (m->old.overflow) {
        for (unsigned char *bucket = go_overflow(m, head); bucket; bucket = go_overflow(m, bucket)) m->old.overflow--;
        if (m->old.overflow_heap) go_chain_release(m, &m->old, head);
    }
    memcpy(head, marks, sizeof marks);
    return 1;
}

/* Evacuates the old bucket that this index of the new array needs, and one more. 0 when there is
 * no memory for the former. */
int go_grow_work(go_map *m, size_t index);

#endif
