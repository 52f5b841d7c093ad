/* elastic/cursor.h - where some entry stands, for what takes entries in no order: gomap_any, and iterations, which
 * begin there.
 *
 *     buckets   | 0 | 1 | ... | any_at | ... | n - 1 |     overflow list
 *                <--------------- goes on ----------- <------------'
 *
 * The map keeps the cursor from one call to the next. So taking all entries one by one passes an emptied bucket once
 * and not once an entry, even if each entry is taken by its own iteration. The cursor moves downwards, since the last
 * bucket is the next to be merged, and an empty bucket merges in no time.
 */
#ifndef GM_ELASTIC_CURSOR_H
#define GM_ELASTIC_CURSOR_H

#include "layout.h"

/* The cursor's place that is no bucket: the overflow list. There are never so many buckets. */
#define EL_IN_OVERFLOW 0xffffffffu

/* Moves the cursor on, unless there is an entry where it is. The map has entries; one over a damaged snapshot may have
 * none, and then the cursor stays at an empty place. */
void el_cursor_move(el_map *m);

GM_INLINE void el_cursor_settle(el_map *m)
{
    if (m->any_at >= m->buckets || !el_full(m, m->any_at)) el_cursor_move(m);
}

/* Begins an iteration (iterate.h). */
void el_iterate(gomap_iter *iter);

#endif
