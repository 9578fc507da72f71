#ifndef CZLIB_SHIMS_H
#define CZLIB_SHIMS_H

#include <zlib.h>

/* deflateInit2 is a macro; negative window bits ask for bare deflate, without header and trailer. */
static inline int agent_deflate_begin(z_stream *stream) {
    return deflateInit2(stream, 1, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
}

#endif
