#ifndef CLINUX_SHIMS_H
#define CLINUX_SHIMS_H

/* What Linux offers beyond the C library's module in Swift. */

#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Each returns a descriptor closed on exec that never blocks, or -1 with errno. */
static inline int agent_epoll(void) { return epoll_create1(EPOLL_CLOEXEC); }
static inline int agent_bell(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
static inline int agent_socket(int family, int type, int protocol) {
    return socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
}
static inline int agent_stream(int family) { return agent_socket(family, SOCK_STREAM, 0); }

/* Adds or changes what an epoll watches a descriptor for; neither readable nor writable takes it out. */
static inline int agent_watch(int epoll, int descriptor, int readable, int writable, int once) {
    struct epoll_event event;
    memset(&event, 0, sizeof event);
    event.events = (readable ? EPOLLIN : 0) | (writable ? EPOLLOUT : 0);
    event.data.fd = descriptor;
    if (event.events == 0) return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, &event);
    if (once) event.events |= EPOLLONESHOT;
    if (epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor, &event) == 0) return 0;
    return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

/* Descriptors that are ready, and whether each is writable alone; returns how many. */
static inline int agent_ready(int epoll, int *descriptors, int *writable, int most, int milliseconds) {
    struct epoll_event events[256];
    int count = epoll_wait(epoll, events, most > 256 ? 256 : most, milliseconds);
    for (int i = 0; i < count; i++) {
        descriptors[i] = events[i].data.fd;
        writable[i] = events[i].events == EPOLLOUT;
    }
    return count;
}

static inline ssize_t agent_send(int socket, const void *bytes, size_t count) { return send(socket, bytes, count, MSG_NOSIGNAL); }

/* connect and bind by address bytes (4 or 16) and port: socket structures are awkward from Swift. */
static inline socklen_t agent_address(struct sockaddr_storage *storage, const unsigned char *bytes, int count, uint16_t port) {
    memset(storage, 0, sizeof *storage);
    if (count == 4) {
        struct sockaddr_in *four = (struct sockaddr_in *)storage;
        four->sin_family = AF_INET;
        four->sin_port = htons(port);
        memcpy(&four->sin_addr, bytes, 4);
        return sizeof *four;
    }
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)storage;
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(port);
    memcpy(&six->sin6_addr, bytes, 16);
    return sizeof *six;
}
static inline int agent_connect(int socket, const unsigned char *bytes, int count, uint16_t port) {
    struct sockaddr_storage storage;
    socklen_t size = agent_address(&storage, bytes, count, port);
    return connect(socket, (struct sockaddr *)&storage, size);
}
static inline int agent_bind(int socket, const unsigned char *bytes, int count) {
    struct sockaddr_storage storage;
    socklen_t size = agent_address(&storage, bytes, count, 0);
    return bind(socket, (struct sockaddr *)&storage, size);
}
/* -2 where the path does not fit. */
static inline int agent_connect_unix(int socket, const char *path) {
    struct sockaddr_un address;
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    if (strlen(path) >= sizeof address.sun_path) return -2;
    strcpy(address.sun_path, path);
    return connect(socket, (struct sockaddr *)&address, sizeof address);
}

#endif
