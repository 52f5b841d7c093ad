/* go/erase.c - entries that go, whatever the kind of their key. See erase.h. */
#include "erase.h"

/* An entry that is looked for by its value's address. */
typedef struct go_room {
    const go_map *m;
    const void *room;
    unsigned char *head;
    go_place place;
} go_room;

static int go_visit_seek(void *context, unsigned char *head, unsigned char *bucket, unsigned slot)
{
    go_room *sought = context;
    if (go_value(sought->m, bucket, slot) != sought->room) return 1;
    sought->head = head;
    sought->place.bucket = bucket;
    sought->place.slot = slot;
    return 0;
}

void go_forget(gomap *map, const void *room)
{
    go_room sought = {go_of(map), room, NULL, {NULL, 0}};
    go_each_entry(sought.m, go_visit_seek, &sought);
    if (sought.head) go_erase_at(go_of(map), sought.head, sought.place.bucket, sought.place.slot);
}

void go_erase_any(gomap *map)
{
    go_map *m = go_of(map);
    go_erase_at(m, m->any_head, m->any_bucket, m->any_slot);
}
