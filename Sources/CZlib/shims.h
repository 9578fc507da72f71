#ifndef CZLIB_SHIMS_H
#define CZLIB_SHIMS_H

#include <zlib.h>

/* deflateInit2 is a macro; 16 added to the window bits asks for a gzip header. */
static inline int agent_gzip_begin(z_stream *stream) {
    return deflateInit2(stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}

#endif
