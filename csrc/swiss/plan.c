/* swiss/plan.c - what a map of so many entries would hold. See plan.h. */
#include "plan.h"
#include "tables.h"

#include <math.h>

/* The probability that more than `most` of `count` entries have hashes that begin with certain `depth` bits. Their
 * number is binomial and nearly normal. */
static double more_than(size_t most, size_t count, unsigned depth)
{
    double share = ldexp(1, -(int)depth), mean = (double)count * share;
    if (depth == 0) return count > most;
    double spread = sqrt(mean * (1 - share));
    return spread > 0 ? erfc(((double)most + 0.5 - mean) / spread / sqrt(2.0)) / 2 : 0;
}

/* The tables of a map that had 2^depth of so many groups, and what they have grown to. */
typedef struct grown {
    double tables, groups, array_bytes;
    unsigned depth; /* the directory's, most likely */
    double directory_bytes;
} grown;

static grown grow(const sw_map *m, unsigned depth, uint32_t groups, size_t count)
{
    grown to = {.depth = depth};
    double places = ldexp(1, (int)depth);
    to.tables = places;
    to.groups = places * groups;
    to.array_bytes = places * (double)gm_granted_for(sw_array_bytes(m, groups));
    for (; groups < SW_GROUPS_MOST; groups *= 2) { /* a table grows when it is fuller than it may be */
        double grow = places * more_than(sw_fill_most(groups), count, depth);
        to.groups += grow * groups;
        to.array_bytes += grow * (double)(gm_granted_for(sw_array_bytes(m, 2 * (size_t)groups)) -
                                          gm_granted_for(sw_array_bytes(m, groups)));
    }
    double array = (double)gm_granted_for(sw_array_bytes(m, SW_GROUPS_MOST)), directory = 1; /* probability of it */
    to.directory_bytes = (double)gm_granted_for(sw_directory_bytes(depth));
    for (unsigned at = depth; at < SW_DEPTH_MOST; at++) {
        double split = more_than(sw_fill_most(SW_GROUPS_MOST), count, at), all = ldexp(split, (int)at);
        if (all < 1e-9) break;
        to.tables += all;
        to.groups += all * SW_GROUPS_MOST;
        to.array_bytes += all * array;
        /* The directory is as deep as its deepest table. */
        double least = split < 1 ? 1 - exp(ldexp(log1p(-split), (int)at)) : 1;
        directory = least < directory ? least : directory;
        if (directory > 0.5) to.depth = at + 1;
        to.directory_bytes +=
            directory * (double)(gm_granted_for(sw_directory_bytes(at + 1)) - gm_granted_for(sw_directory_bytes(at)));
    }
    return to;
}

/* Tables are added to their store one by one; those of a reservation at once. */
static double table_bytes(double tables, unsigned depth)
{
    size_t reserved = gm_region_bytes(GOMAP_DIRECTORY, sizeof(sw_table) << depth), bytes = reserved;
    while ((double)(bytes / sizeof(sw_table)) < tables - 0.5)
        bytes = gm_store_grown(sizeof(sw_table), GOMAP_DIRECTORY, bytes / sizeof(sw_table));
    return (double)gm_region_granted_for(GOMAP_DIRECTORY, bytes);
}

/* All but the header and strings, of a map that has grown to so many entries, or been given room for them. Returns its
 * tables. */
static double plan_entries(const sw_map *m, size_t count, int reserved, gomap_planned *planned)
{
    unsigned depth = 0;
    uint32_t groups = 2;
    planned->live[GOMAP_RECORDS] = gm_parts_planned(&m->parts, count, reserved);
    if (count <= SW_SLOTS) {
        planned->buckets = count || reserved;
        planned->live[GOMAP_BUCKETS] = planned->buckets ? (double)gm_granted_for(sw_array_bytes(m, 1)) : 0;
        return 0;
    }
    if (reserved) (void)sw_hint(m, count, &depth, &groups);
    grown to = grow(m, depth, groups, count);
    planned->B = (uint8_t)to.depth;
    planned->buckets = (size_t)(to.groups + 0.5);
    planned->live[GOMAP_BUCKETS] = to.array_bytes;
    planned->live[GOMAP_DIRECTORY] = to.directory_bytes + table_bytes(to.tables, depth);
    return to.tables;
}

/* The total bytes of a map that is as `planned`, but for its records and strings, which are as when of `count` entries
 * there were `entries`. */
static double total_at(const sw_map *m, const gomap_planned *planned, size_t count, size_t entries)
{
    double total = gm_parts_planned(&m->parts, entries, 0);
    for (int purpose = 0; purpose < GOMAP_PURPOSES; purpose++) {
        if (purpose == GOMAP_RECORDS) continue;
        total += planned->live[purpose] * (purpose == GOMAP_STRINGS ? (double)entries / (double)count : 1);
    }
    return total;
}

/* The peak of the last growth. There was, beside the tables at the end, the old array of a table that had doubled, or
 * one array more than a split leaves. */
static double peak_of_growth(const sw_map *m, const gomap_planned *end, size_t count, double tables)
{
    uint32_t groups = 1;
    size_t full;
    if (count <= SW_SLOTS) return 0;
    if (tables > 1) {
        groups = SW_GROUPS_MOST;
        /* The tables are as deep as they are since half as many had full tables' entries, give or take: the fullest of
         * them were a tenth fuller then than the mean, where there were more than one. */
        double mean = ldexp(sw_fill_most(groups), end->B - 1);
        full = (size_t)(mean * (1 + 0.1 * sqrt(1 - ldexp(1, 1 - end->B))));
    } else {
        while (sw_fill_most(2 * groups) < count) groups *= 2;
        full = sw_fill_most(groups);
    }
    return total_at(m, end, count, full < count ? full : count) + (double)gm_granted_for(sw_array_bytes(m, groups));
}

/* When a store's records were moved from the heap to a mapping: both were there. */
static double peak_of_store(const sw_map *m, const gm_store *store, const gomap_planned *end, size_t count)
{
    gomap_planned then = *end;
    size_t bytes, full = gm_store_moved(store->stride, GOMAP_RECORDS, &bytes);
    if (full >= count) return 0;
    (void)plan_entries(m, full, 0, &then);
    return total_at(m, &then, count, full) + (double)bytes;
}

/* The most entries: as many tables as a hint may ask for, all full. */
static size_t most_entries(const sw_map *m)
{
    const size_t table_most = sw_fill_most(SW_GROUPS_MOST);
    unsigned depth = 0, unused;
    uint32_t groups;
    while (depth < SW_DEPTH_MOST && sw_hint(m, table_most << (depth + 1), &unused, &groups)) depth++;
    size_t most = table_most << depth;
    return gm_parts_have_records(&m->parts) && most > GM_STORE_MOST ? GM_STORE_MOST : most;
}

int sw_plan(const gm_engine *engine, const gomap_type *type, size_t count, int how,
            const gomap_lengths strings[GOMAP_PARTS], gomap_planned *planned)
{
    sw_map m;
    (void)engine;
    memset(&m, 0, sizeof m);
    sw_describe(&m, type);
    planned->most = most_entries(&m);
    if (how == GOMAP_COMPACTED || count > planned->most) return -1;
    planned->live[GOMAP_HEADER] = (double)gm_granted_for(sizeof m);
    planned->live[GOMAP_STRINGS] = gm_blocks_planned(strings);
    double tables = plan_entries(&m, count, how == GOMAP_RESERVED, planned);
    if (how == GOMAP_RESERVED) return 0;
    planned->peak = peak_of_growth(&m, planned, count, tables);
    if (m.parts.key_ref) planned->peak = fmax(planned->peak, peak_of_store(&m, &m.parts.keys, planned, count));
    if (m.parts.value_ref) planned->peak = fmax(planned->peak, peak_of_store(&m, &m.parts.values, planned, count));
    return 0;
}
