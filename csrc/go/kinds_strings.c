/* go/kinds_strings.c - keys that are strings, or structs with strings. */
#include "kinds.h"

GO_KIND(strings, GM_STRINGS, GOMAP_STRING_SIZE, 0)
GO_KIND(structs, GM_STRING_STRUCTS, 0, 0)
