/* elastic/kinds_objects.c - keys that are objects. */
#include "kinds.h"

EL_KIND(objects, GM_OBJECTS, GOMAP_OBJECT_SIZE, 0)
EL_KIND(objects_ref, GM_OBJECTS, GOMAP_OBJECT_SIZE, 1)
