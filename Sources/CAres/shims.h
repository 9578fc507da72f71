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

/* What the sockets of one channel tell and are told. c-ares itself forgets errno, and reads for as long as datagrams come. */
struct agent_ares_sockets {
    int error;    /* errno of the last socket that was not made or connected, else 0 */
    int readings; /* how many datagrams may still be read before others have their turn */
};

static inline ares_socket_t agent_ares_socket(int family, int type, int protocol, void *context) {
    int made = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
    if (made < 0) ((struct agent_ares_sockets *)context)->error = errno;
    return made;
}
static inline int agent_ares_close(ares_socket_t socket, void *context) {
    (void)context;
    return close(socket);
}
static inline int agent_ares_connect(ares_socket_t socket, const struct sockaddr *address, ares_socklen_t size, void *context) {
    int result = connect(socket, address, size);
    if (result != 0 && errno != EINPROGRESS) ((struct agent_ares_sockets *)context)->error = errno;
    return result;
}
static inline ares_ssize_t agent_ares_receive(
    ares_socket_t socket, void *bytes, size_t size, int flags, struct sockaddr *sender, ares_socklen_t *sender_size, void *context) {
    if (((struct agent_ares_sockets *)context)->readings-- > 0) return recvfrom(socket, bytes, size, flags, sender, sender_size);
    errno = EAGAIN;
    return -1;
}
static inline ares_ssize_t agent_ares_send(ares_socket_t socket, const struct iovec *parts, int count, void *context) {
    (void)context;
    struct msghdr message = {0};
    message.msg_iov = (struct iovec *)parts;
    message.msg_iovlen = count;
    return sendmsg(socket, &message, MSG_NOSIGNAL);
}
/* The context must outlive the channel. */
static inline void agent_ares_use(ares_channel channel, struct agent_ares_sockets *context) {
    static const struct ares_socket_functions functions = {
        agent_ares_socket, agent_ares_close, agent_ares_connect, agent_ares_receive, agent_ares_send};
    ares_set_socket_functions(channel, &functions, context);
}

/* Where the system looks names up, in order: 'f' for the hosts file, 'b' for DNS. Returns how many were written. */
static inline int agent_ares_order(ares_channel channel, char *order, int most) {
    struct ares_options options;
    int mask = 0, count = 0;
    __builtin_memset(&options, 0, sizeof options);
    if (ares_save_options(channel, &options, &mask) == ARES_SUCCESS && options.lookups != NULL)
        for (; count < most && options.lookups[count] != 0; count++) order[count] = options.lookups[count];
    ares_destroy_options(&options);
    return count;
}

#endif
