/* swiss/kinds_bytes.c - keys of a fixed number of bytes; hashes and digests have their own. */
#include "kinds.h"

SW_KIND(bytes, GM_BYTES, 0, 0)
SW_KIND(bytes16, GM_BYTES, 16, 0)
SW_KIND(bytes32, GM_BYTES, 32, 0)
SW_KIND(bytes_ref, GM_BYTES, 0, 1)
