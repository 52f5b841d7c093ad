/* elastic/check.c - statistics, the walk, and the checks of strings. See check.h. */
#include "check.h"

void el_stats(const gomap *map, gomap_stats *stats)
{
    const el_map *m = el_of(map);
    stats->buckets = m->buckets;
    stats->array_buckets = m->buckets;
    stats->array_bytes = (size_t)m->slots.bytes;
    stats->bucket_bytes = EL_SLOTS * (1 + (size_t)m->slot_bytes);
    stats->grow_at = m->grow_at;
    stats->splits = (size_t)m->splits;
    stats->merges = (size_t)m->merges;
    stats->displaced = (size_t)m->displaced;
    for (uint32_t i = 0; i < m->overflow_used; i++)
        stats->overflow_buckets += m->overflow.at[i * el_overflow_stride(m, m->slot_bytes) + m->slot_bytes] != EL_EMPTY;
}

void el_walk(const gomap *map, size_t live[GOMAP_PURPOSES])
{
    const el_map *m = el_of(map);
    live[GOMAP_HEADER] = gm_granted(m, el_struct_bytes(gm_engine_of(map), map->type));
    live[GOMAP_TAGS] = gm_region_granted(&m->tags) + (m->aside_bytes ? gm_region_granted(&m->aside) : 0);
    live[GOMAP_BUCKETS] = gm_region_granted(&m->slots);
    live[GOMAP_OVERFLOW] = gm_region_granted(&m->overflow);
    if (el_has_records(m)) live[GOMAP_RECORDS] = gm_region_granted(&m->records.region);
    for (int part = GOMAP_KEY; part < GOMAP_PARTS && el_has_strings(m); part++)
        live[GOMAP_STRINGS] += gm_strings_granted(m->strings[part]);
}

static int check_image(const el_map *m, int part, unsigned char *image, uint64_t hash, el_found_strings *strings,
                       char *why, size_t size)
{
    const char *what = part == GOMAP_VALUE ? "value" : "key";
    size_t length = gm_image_length(image);
    strings->bytes += length;
    if (!gm_image_is_long(image)) {
        if (image[15] > GM_IMAGE_LONG) return gm_broken(why, size, "T1: a %s's image ends in %u", what, image[15]);
        for (size_t i = length; i < GM_IMAGE - 1; i++)
            if (image[i]) return gm_broken(why, size, "T1: a %s's image of %zu bytes goes on", what, length);
        return 0;
    }
    if (length < GM_IMAGE || image[14])
        return gm_broken(why, size, "T1: a %s's image is of a long string of %zu bytes, with %u in between", what,
                         length, image[14]);
    const gm_strings *region = m->strings[part];
    unsigned size_class = gm_string_class(length);
    uint32_t number = gm_image_number(image);
    if (region == NULL || number == 0 || number > region->store[size_class].used)
        return gm_broken(why, size, "T2: a %s is string %u of class %u, which there is not", what, number, size_class);
    if (gm_load64(gm_string_record(region, size_class, number)) != hash ||
        el_string_owner(m, part, size_class, number, hash) != image)
        return gm_broken(why, size, "T2: string %u of class %u does not lead back to its %s", number, size_class, what);
    if (size_class == GM_STRING_LARGE && gm_strings_block_bytes(region, number) != length)
        return gm_broken(why, size, "T2: a %s of %zu bytes has a block of another size", what, length);
    gomap_string string = gm_string_read(region, image);
    gm_string made;
    if (!gm_string_make(&made, &string, m->map.seed) || !gm_image_equal(region, &made, image))
        return gm_broken(why, size, "T1: a %s's image is not its string's", what);
    strings->numbers[part][size_class] += number;
    return 0;
}

int el_check_images(const el_map *m, int part, unsigned char *at, uint64_t hash, el_found_strings *strings, char *why,
                    size_t size)
{
    const gomap_places *places = &m->map.public_part.type->strings[part];
    for (uint32_t i = 0; i < places->count; i++)
        if (check_image(m, part, at + places->at[i], hash, strings, why, size)) return -1;
    return 0;
}

int el_check_strings(const el_map *m, const el_found_strings *found, char *why, size_t size)
{
    for (int part = GOMAP_KEY; part < GOMAP_PARTS; part++) {
        const gm_strings *strings = m->strings[part];
        const char *broken = gm_strings_check(strings);
        if (broken) return gm_broken(why, size, "%s", broken);
        for (unsigned size_class = 0; size_class < GM_STRING_CLASSES; size_class++) {
            uint64_t numbers = found->numbers[part][size_class];
            if (strings ? !gm_store_adds_up(&strings->store[size_class], numbers) : numbers != 0)
                return gm_broken(why, size, "T2: a string of class %u is no image's, or two images'", size_class);
        }
    }
    if (found->bytes != m->string_bytes)
        return gm_broken(why, size, "T2: strings of %zu bytes found, counted are %zu", (size_t)found->bytes,
                         (size_t)m->string_bytes);
    return 0;
}
