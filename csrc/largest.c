/* largest.c - the largest values of a map. See largest.h. */
#include "largest.h"
#include "rank.h"

#include <stdlib.h>

/* Puts an entry at the place `at` of a heap, or below it, where the place is free. */
static void sink(gomap_ranked *heap, size_t count, size_t at, gomap_ranked entry)
{
    for (size_t below; (below = 2 * at + 1) < count; at = below) {
        if (below + 1 < count && heap[below + 1].rank < heap[below].rank) below++;
        if (entry.rank <= heap[below].rank) break;
        heap[at] = heap[below];
    }
    heap[at] = entry;
}

static void rise(gomap_ranked *heap, size_t at, gomap_ranked entry)
{
    for (size_t above; at && heap[above = (at - 1) / 2].rank > entry.rank; at = above) heap[at] = heap[above];
    heap[at] = entry;
}

size_t gomap_largest_take(gomap_largest *largest, gomap_iter *iter, size_t most)
{
    const void *key, *value;
    size_t done = 0;
    for (; done < most && gomap_iter_next(iter, &key, &value) == 1; done++) {
        gomap_ranked entry = {gm_rank(value, largest->kind), key, value};
        if (largest->count < largest->room) rise(largest->heap, largest->count++, entry);
        else if (entry.rank > largest->heap[0].rank) sink(largest->heap, largest->count, 0, entry);
    }
    return done;
}

static int larger_first(const void *one, const void *other)
{
    uint64_t a = ((const gomap_ranked *)one)->rank, b = ((const gomap_ranked *)other)->rank;
    return (a < b) - (a > b);
}

void gomap_largest_sort(gomap_largest *largest)
{
    qsort(largest->heap, largest->count, sizeof *largest->heap, larger_first);
}
