#ifndef CARES_SHIMS_H
#define CARES_SHIMS_H

#include <ares.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* Macros in c-ares before 1.31, an enumeration since: plain integers in both. */
static const int agent_ares_success = ARES_SUCCESS;
static const int agent_ares_no_data = ARES_ENODATA;

/* Addresses as bytes: socket structures are awkward from Swift. Returns how many were written, 4 or 16, or 0. */
static inline int agent_ares_address(const struct ares_addrinfo_node *node, unsigned char *bytes) {
    if (node->ai_family == AF_INET) {
        __builtin_memcpy(bytes, &((const struct sockaddr_in *)node->ai_addr)->sin_addr, 4);
        return 4;
    }
    if (node->ai_family == AF_INET6) {
        __builtin_memcpy(bytes, &((const struct sockaddr_in6 *)node->ai_addr)->sin6_addr, 16);
        return 16;
    }
    return 0;
}

#endif
