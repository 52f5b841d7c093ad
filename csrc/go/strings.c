/* go/strings.c - strings as Go has them. See strings.h. */
#include "strings.h"

int go_string_make(go_map *m, gomap_string *made, const gomap_string *from)
{
    made->at = NULL;
    made->length = from->length;
    if (from->length == 0) return 1;
    void *at = from->length < GO_MAX_BYTES ? gm_alloc(&m->map.memory, GOMAP_STRINGS, from->length) : NULL;
    if (at == NULL) return 0;
    memcpy(at, from->at, from->length);
    made->at = at;
    m->string_bytes += from->length;
    return 1;
}

void go_string_release(go_map *m, const void *slot)
{
    gomap_string string;
    memcpy(&string, slot, sizeof string);
    if (string.length == 0) return;
    m->string_bytes -= string.length;
    gm_release(&m->map.memory, GOMAP_STRINGS, (void *)(uintptr_t)string.at, string.length);
}

void go_entry_release(go_map *m, unsigned char *bucket, unsigned slot)
{
    if (m->key_string) go_string_release(m, bucket + GO_KEYS + (size_t)slot * m->key_slot);
    if (m->value_string) go_string_release(m, go_value(m, bucket, slot));
}

static int go_visit_release(void *context, unsigned char *head, unsigned char *bucket, unsigned slot)
{
    (void)head;
    go_entry_release(context, bucket, slot);
    return 1;
}

void go_strings_release(go_map *m)
{
    if (m->key_string | m->value_string) go_each_entry(m, go_visit_release, m);
}

void go_string(const gomap *map, int part, const void *at, gomap_string *string)
{
    (void)map;
    (void)part;
    memcpy(string, at, sizeof *string);
}

uint64_t go_string_bytes(const gomap *map) { return go_of(map)->string_bytes; }

int go_write(gomap *map, const void *key, void *room, const gomap_string *string)
{
    go_map *m = go_of(map);
    gomap_string made;
    (void)key;
    if (!go_string_make(m, &made, string)) return 0;
    go_string_release(m, room);
    memcpy(room, &made, sizeof made);
    return 1;
}
