#ifndef CBROTLI_SHIMS_H
#define CBROTLI_SHIMS_H

#include <brotli/decode.h>

#endif
