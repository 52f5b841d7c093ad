/* elastic/kinds_bytes.c - keys of a fixed number of bytes; hashes and digests have their own. */
#include "beside.h"
#include "kinds.h"
#include "shared.h"

EL_KIND(bytes, GM_BYTES, 0, 0)
EL_KIND(bytes16, GM_BYTES, 16, 0)
EL_KIND(bytes32, GM_BYTES, 32, 0)
EL_KIND(bytes_ref, GM_BYTES, 0, 1)

EL_SHARER(bytes)
EL_SHARER(bytes16)
EL_SHARER(bytes32)

EL_BESIDE(bytes)
EL_BESIDE(bytes16)
EL_BESIDE(bytes32)
