/* elastic/cursor.c - see cursor.h. */
#include "cursor.h"
#include "iterate.h"

static int overflow_has_entries(const el_map *m)
{
    for (uint32_t i = 0; i < m->overflow_used; i++)
        if (m->overflow.at[i * el_overflow_stride(m, m->slot_bytes) + m->slot_bytes] != EL_EMPTY) return 1;
    return 0;
}

void el_cursor_move(el_map *m)
{
    uint32_t at = m->any_at, left = m->buckets;
    if (at == EL_IN_OVERFLOW) {
        if (overflow_has_entries(m)) return;
        at = m->buckets - 1;
    } else if (at >= m->buckets) { /* merged meanwhile */
        at = m->buckets - 1;
    }
    while (!el_full(m, at)) {
        if (left-- == 0) break; /* there is none, in a map over a damaged snapshot */
        if (at > 0) {
            at--;
        } else if (overflow_has_entries(m)) {
            at = EL_IN_OVERFLOW;
            break;
        } else {
            at = m->buckets - 1;
        }
    }
    m->any_at = at;
}

void el_iterate(gomap_iter *iter)
{
    el_map *m = el_of(iter->map);
    el_course *course = (el_course *)(void *)iter->place;
    if (m->map.public_part.count == 0 || el_has_records(m)) return; /* records are gone through from the first */
    el_cursor_settle(m);
    course->from = course->bucket = m->any_at == EL_IN_OVERFLOW ? 0 : m->any_at + 1;
}
