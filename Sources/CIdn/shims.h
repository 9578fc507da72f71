#ifndef CIDN_SHIMS_H
#define CIDN_SHIMS_H

#include <idn2.h>

#endif
