/* go/kinds_strings.c - keys that are strings. */
#include "kinds.h"

GO_KIND(strings, GM_STRINGS, GOMAP_STRING_SIZE, 0)
