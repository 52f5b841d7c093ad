/* go/kinds_objects.c - keys that are objects. */
#include "kinds.h"

GO_KIND(objects, GM_OBJECTS, GOMAP_OBJECT_SIZE, 0)
