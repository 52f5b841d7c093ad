/* elastic/cache.h - a cache's own struct. ../cache.h says what a cache is; cache.c has the operations. */
#ifndef GM_ELASTIC_CACHE_H
#define GM_ELASTIC_CACHE_H

#include "../cache.h"
#include "place.h"

/* The bits of a mark. */
enum { EL_YOUNG = 0x80, EL_ROUND = 1, EL_READ = 2, EL_ROUNDS = 3 };

/* The least share of the young, and of the old. */
#define EL_LEAST_SHARE 0.01

typedef struct el_cache {
    gomap_cache public_part;
    gm_memory memory;            /* of this struct and the ghosts */
    size_t least;                /* bytes with one entry and no string outside it, at most */
    size_t full_at;              /* with so many entries one goes before another comes */
    size_t left;                 /* bytes that were left when full_at was found out */
    size_t young;                /* entries */
    double share;                /* the young's */
    double gone_young, gone_old; /* evicted lately, which ghosts may remember */
    size_t hand_young, hand_old; /* the places they are at */
    gm_region ghosts;
    /* Time */
    uint64_t base;        /* deadlines are ticks from here */
    uint64_t swept;       /* the tick of the last sweep */
    uint64_t pace;        /* a time to live, in ticks: four rounds of sweeping take no longer; 0: nothing expires */
    uint64_t paced_until; /* the tick from which on the next round may be slower */
    uint64_t shortest;    /* the least time to live that was set since it was looked at last */
    uint64_t credit;      /* slots times ticks that are to be swept */
    size_t hand_expired;  /* the places below it are still to come in this round */
    size_t round;         /* places there were when this round began */
} el_cache;

#endif
