/* swiss/kinds_strings.c - keys that are strings, or structs with strings. */
#include "kinds.h"

SW_KIND(strings, GM_STRINGS, GOMAP_STRING_SIZE, 0)
SW_KIND(structs, GM_STRING_STRUCTS, 0, 0)
