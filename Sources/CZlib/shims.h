#ifndef CZLIB_SHIMS_H
#define CZLIB_SHIMS_H

#include <zlib.h>

/* deflateInit2 is a macro; negative window bits ask for bare deflate, without header and trailer. */
static inline int agent_deflate_begin(z_stream *stream) {
    return deflateInit2(stream, 1, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
}

/* inflateInit2 is a macro too: 31 window bits ask for gzip, 15 for zlib, negative ones for bare deflate. */
static inline int agent_inflate_begin(z_stream *stream, int window_bits) { return inflateInit2(stream, window_bits); }

#endif
