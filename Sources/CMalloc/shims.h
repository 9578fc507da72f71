/* What the C library allows beyond malloc and free, and Swift's module of it leaves out. */
#include <malloc.h>
