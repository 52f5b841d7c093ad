/* saving.h - what an engine tells snapshot.c when a map is saved: its sections, and then their bytes. */
#ifndef GM_SAVING_H
#define GM_SAVING_H

#include "memory.h"
#include "snapshot.h"

typedef struct gm_saving {
    const gomap *map;
    gm_memory memory; /* of the saving itself: no map's */
    gomap_section *sections;
    size_t count, room; /* sections; for how many there is memory */
    void *own;          /* the engine's state, and how large that is */
    size_t own_bytes;
} gm_saving;

/* One more section, unless it has no bytes; 0 when there is no memory. */
GM_INLINE int gm_saving_add(gm_saving *saving, uint32_t what, uint32_t of, uint64_t items, uint64_t bytes)
{
    if (bytes == 0) return 1;
    if (saving->count == saving->room) {
        size_t room = saving->room ? 2 * saving->room : 8;
        gomap_section *moved = gm_resize(&saving->memory, GOMAP_HEADER, saving->sections, saving->room * sizeof *moved,
                                         room * sizeof *moved);
        if (moved == NULL) return 0;
        saving->sections = moved;
        saving->room = room;
    }
    saving->sections[saving->count++] = (gomap_section){what, of, 0, bytes, items, 0};
    return 1;
}

/* Says the reason, and returns the code. */
int gm_refused(int code, char *why, size_t size, const char *reason);
#define gm_no_memory "out of memory"

/* Reads a section's place, once, as the bytes may change meanwhile; 0: it is not within the snapshot. */
int gm_section_within(const gomap_snapshot *snapshot, uint32_t i, gomap_section *section);

#endif
