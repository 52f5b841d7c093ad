/* swiss/kinds_objects.c - keys that are objects. */
#include "kinds.h"

SW_KIND(objects, GM_OBJECTS, GOMAP_OBJECT_SIZE, 0)
