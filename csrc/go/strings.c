/* go/strings.c - strings as Go has them. See strings.h. */
#include "strings.h"

static const gomap_places *places(const go_map *m, int part) { return &m->map.public_part.type->strings[part]; }

static int string_make(go_map *m, gomap_string *made, gomap_string from)
{
    made->at = NULL;
    made->length = from.length;
    if (from.length == 0) return 1;
    void *at = from.length < GO_MAX_BYTES ? gm_alloc(&m->map.memory, GOMAP_STRINGS, from.length) : NULL;
    if (at == NULL) return 0;
    memcpy(at, from.at, from.length);
    made->at = at;
    m->string_bytes += from.length;
    return 1;
}

static void string_release(go_map *m, gomap_string string)
{
    if (string.length == 0) return;
    m->string_bytes -= string.length;
    gm_release(&m->map.memory, GOMAP_STRINGS, (void *)(uintptr_t)string.at, string.length);
}

int go_strings_make(go_map *m, int part, gomap_string *made, const unsigned char *bytes, const gomap *from)
{
    const gomap_places *strings = places(m, part);
    for (uint32_t i = 0; i < strings->count; i++) {
        if (string_make(m, &made[i], gm_string_from(from, part, bytes + strings->at[i]))) continue;
        while (i > 0) string_release(m, made[--i]);
        return 0;
    }
    return 1;
}

void go_strings_drop(go_map *m, int part, const gomap_string *made)
{
    for (uint32_t i = 0; i < places(m, part)->count; i++) string_release(m, made[i]);
}

void go_strings_place(go_map *m, int part, unsigned char *to, const unsigned char *bytes, const gomap_string *made)
{
    const gomap_type *type = m->map.public_part.type;
    const gomap_places *strings = places(m, part);
    memcpy(to, bytes, part == GOMAP_VALUE ? type->value_size : type->key_size);
    for (uint32_t i = 0; i < strings->count; i++) memcpy(to + strings->at[i], &made[i], sizeof made[i]);
}

/* Those of a key or value in an entry. */
static void part_release(go_map *m, int part, const unsigned char *at)
{
    const gomap_places *strings = places(m, part);
    for (uint32_t i = 0; i < strings->count; i++) string_release(m, gm_string_load(at + strings->at[i]));
}

void go_entry_release(go_map *m, unsigned char *bucket, unsigned slot)
{
    if (m->key_strings) part_release(m, GOMAP_KEY, bucket + GO_KEYS + (size_t)slot * m->key_slot);
    if (m->value_strings) part_release(m, GOMAP_VALUE, go_value(m, bucket, slot));
}

static int go_visit_release(void *context, unsigned char *head, unsigned char *bucket, unsigned slot)
{
    (void)head;
    go_entry_release(context, bucket, slot);
    return 1;
}

void go_strings_release(go_map *m)
{
    if (m->key_strings | m->value_strings) go_each_entry(m, go_visit_release, m);
}

void go_string(const gomap *map, int part, const void *at, gomap_string *string)
{
    (void)map;
    (void)part;
    *string = gm_string_load(at);
}

uint64_t go_string_bytes(const gomap *map) { return go_of(map)->string_bytes; }

int go_write(gomap *map, const void *key, void *room, const void *value, const gomap *from)
{
    go_map *m = go_of(map);
    gomap_string made[GOMAP_STRINGS_MOST];
    (void)key;
    if (!go_strings_make(m, GOMAP_VALUE, made, value, from)) return 0;
    part_release(m, GOMAP_VALUE, room);
    go_strings_place(m, GOMAP_VALUE, room, value, made);
    return 1;
}
