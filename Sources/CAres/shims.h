#ifndef CARES_SHIMS_H
#define CARES_SHIMS_H

/* What newer releases call deprecated is all that older ones have. */
#define CARES_NO_DEPRECATED 1
#include <ares.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

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

/* c-ares reads datagrams for as long as there are any. Limits it to `*budget` reads, after which there seem to be none. */
static inline ares_socket_t agent_ares_open(int family, int type, int protocol, void *budget) {
    (void)budget;
    return socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
}
static inline int agent_ares_close(ares_socket_t socket, void *budget) {
    (void)budget;
    return close(socket);
}
static inline int agent_ares_connect(ares_socket_t socket, const struct sockaddr *address, ares_socklen_t size, void *budget) {
    (void)budget;
    return connect(socket, address, size);
}
static inline ares_ssize_t agent_ares_receive(
    ares_socket_t socket, void *bytes, size_t size, int flags, struct sockaddr *address, ares_socklen_t *length, void *budget) {
    if (--*(int *)budget < 0) {
        errno = EAGAIN;
        return -1;
    }
    return recvfrom(socket, bytes, size, flags, address, length);
}
static inline ares_ssize_t agent_ares_send(ares_socket_t socket, const struct iovec *parts, int count, void *budget) {
    (void)budget;
    return writev(socket, parts, count);
}
static inline void agent_ares_limit_reads(ares_channel channel, int *budget) {
    static const struct ares_socket_functions functions = {
        agent_ares_open, agent_ares_close, agent_ares_connect, agent_ares_receive, agent_ares_send};
    ares_set_socket_functions(channel, &functions, budget);
}

#endif
