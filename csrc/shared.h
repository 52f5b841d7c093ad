/* shared.h - many keys put into a map by several threads, which share the work. There are no threads here: the caller
 * has them, and calls.
 *
 *     gomap_shared *s = gomap_shared_begin(map, threads, room, most);  // gomap_shared_room(type, threads, most) bytes
 *     while (done < count) {
 *         some = gomap_shared_piece(s, keys, values, done, count - done);
 *         while ((next = gomap_shared_next(s)) == GOMAP_SHARED_WORK)
 *             gomap_shared_work(s, t) for t from 0 to threads - 1, each by a thread of its own; then wait for them all
 *         if (next == GOMAP_SHARED_ALONE) put the piece in by gomap_column_put, which may fail
 *         done += some;
 *     }
 *     gomap_shared_end(s);
 *
 * Whatever the keys, no two threads touch the same memory between two calls of gomap_shared_next, one of which writes
 * to it. So there are no locks and no atomics. elastic/shared.h says how.
 *
 * The map is as one thread leaves it: of copies of a key the last one's value stays. What a piece needs is allocated in
 * gomap_shared_next. If there is no memory, the piece is to be put in by one thread; then some of its keys are in
 * already.
 */
#ifndef GM_SHARED_H
#define GM_SHARED_H

#include "columns.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gomap_shared gomap_shared;

/* The most threads, a power of two. With so many, keys are dealt out to 120 lists, and each piece takes 15 rounds. */
enum { GOMAP_SHARED_MOST = 8 };

enum { GOMAP_SHARED_DONE, GOMAP_SHARED_WORK, GOMAP_SHARED_ALONE };

/* Whether threads can share the work: entries stand in the slots of an elastic map, and have no strings and no objects.
 */
int gomap_shared_can(int engine, const gomap_type *type);

/* The bytes of the caller's memory that it takes for so many threads, a power of two, and pieces of `most` keys. */
size_t gomap_shared_room(const gomap_type *type, unsigned threads, size_t most);

/* gomap_fill_begin and gomap_fill_end, where threads put the keys in. The first thing that they do is to let the system
 * clear pages. The map has a twentieth more room than one that a thread fills, which compacting gives back. */
void gomap_shared_fill(gomap *map, size_t count);
void gomap_shared_filled(gomap *map);

gomap_shared *gomap_shared_begin(gomap *map, unsigned threads, void *room, size_t most);

/* Keys and values of a piece, from `begin` on: for each thread columns of its own, of the same items. Returns how many,
 * of `most`. */
size_t gomap_shared_piece(gomap_shared *shared, gomap_column *const *keys, gomap_column *const *values, size_t begin,
                          size_t most);
int gomap_shared_next(gomap_shared *shared);
void gomap_shared_work(gomap_shared *shared, unsigned thread);

/* Gives back the room that turned out not to be needed. */
void gomap_shared_end(gomap_shared *shared);

#ifdef __cplusplus
}
#endif
#endif
