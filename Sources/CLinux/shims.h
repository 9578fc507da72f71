#ifndef CLINUX_SHIMS_H
#define CLINUX_SHIMS_H

/* What Linux offers beyond the C library's module in Swift. */

#include <crypt.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/icmp6.h>
#include <linux/sockios.h>
#include <malloc.h>
#include <stddef.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <linux/magic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

/* Each returns a descriptor closed on exec that never blocks, or -1 with errno. */
static inline int agent_shutdown_both(void) { return SHUT_RDWR; }
static inline int agent_epoll(void) { return epoll_create1(EPOLL_CLOEXEC); }
static inline int agent_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
static inline int agent_socket(int family, int type, int protocol) {
    return socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
}
static inline int agent_stream(int family) { return agent_socket(family, SOCK_STREAM, 0); }

/* A timer that counts while the machine is suspended, and blocks who reads it until it has run out. */
static inline int agent_alarm(void) {
    int timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC);
    return timer < 0 && errno == EINVAL ? timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC) : timer;
}
static inline int agent_set_alarm(int timer, int64_t nanoseconds) {
    struct itimerspec time;
    memset(&time, 0, sizeof time);
    time.it_value.tv_sec = nanoseconds / 1000000000;
    time.it_value.tv_nsec = nanoseconds % 1000000000;
    return timerfd_settime(timer, 0, &time, NULL);
}

/* Names the calling thread; the kernel keeps 15 bytes of the name. */
static inline void agent_name_thread(const char *name) { prctl(PR_SET_NAME, name); }

/* A timer that blocks who reads it until it has run out; 0 milliseconds stop it. */
static inline int agent_timer(void) { return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC); }
static inline int agent_set_timer(int timer, int milliseconds) {
    struct itimerspec time;
    memset(&time, 0, sizeof time);
    time.it_value.tv_sec = milliseconds / 1000;
    time.it_value.tv_nsec = milliseconds % 1000 * 1000000L;
    return timerfd_settime(timer, 0, &time, NULL);
}

/* How many bytes of a TCP connection this process has read; -1 where that is not told. glibc's tcp_info ends before the kernel's
   tcpi_bytes_received, which lies at 128, and linux/tcp.h cannot stand beside glibc's. */
static inline int64_t agent_bytes_read(int socket) {
    unsigned char info[136];
    socklen_t size = sizeof info;
    int64_t received = 0;
    int unread = 0;
    if (getsockopt(socket, IPPROTO_TCP, 11 /* TCP_INFO */, info, &size) != 0 || size < sizeof info) return -1;
    if (ioctl(socket, SIOCINQ, &unread) != 0) return -1;
    memcpy(&received, info + 128, sizeof received);
    return received - unread;
}

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

/* Children whose parent ends become this process's, and not those of the first one. */
static inline int agent_adopt_orphans(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

/* The flag of posix_spawn that gives the child a session of its own: POSIX_SPAWN_SETSID, hidden from strict C. */
static const short agent_spawn_session = 0x80;

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
static inline ssize_t agent_send_to(int socket, const void *message, size_t size, const unsigned char *bytes, int count) {
    struct sockaddr_storage storage;
    socklen_t length = agent_address(&storage, bytes, count, 0);
    return sendto(socket, message, size, MSG_NOSIGNAL, (struct sockaddr *)&storage, length);
}
/* A leading '@' means a name without a file, as everywhere in Linux. -2 where the path does not fit. */
static inline int agent_connect_unix(int socket, const char *path) {
    struct sockaddr_un address;
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    size_t length = strlen(path);
    if (length >= sizeof address.sun_path) return -2;
    memcpy(address.sun_path, path, length);
    socklen_t size = sizeof address;
    if (path[0] == '@') {
        address.sun_path[0] = 0;
        size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    }
    return connect(socket, (struct sockaddr *)&address, size);
}

/* Options of sockets that ping. Numbers that glibc's headers keep from us are the kernel's, which never change. */

/* Asks for the hop limit of what comes. */
static inline int agent_tell_hop_limit(int socket, int is_four) {
    int on = 1;
    return is_four ? setsockopt(socket, IPPROTO_IP, IP_RECVTTL, &on, sizeof on)
                   : setsockopt(socket, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof on);
}
/* Lets errors that others on the way report become errors of the socket's. */
static inline int agent_tell_errors(int socket, int is_four) {
    int on = 1;
    return is_four ? setsockopt(socket, IPPROTO_IP, IP_RECVERR, &on, sizeof on)
                   : setsockopt(socket, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
}
static inline int agent_set_hop_limit(int socket, int is_four, int limit) {
    return is_four ? setsockopt(socket, IPPROTO_IP, IP_TTL, &limit, sizeof limit)
                   : setsockopt(socket, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &limit, sizeof limit);
}
/* Nobody may split what is sent, whatever was learnt of the path before. */
static inline int agent_forbid_fragments(int socket, int is_four) {
    int probe = is_four ? IP_PMTUDISC_PROBE : IPV6_PMTUDISC_PROBE, on = 1;
    if (is_four) return setsockopt(socket, IPPROTO_IP, IP_MTU_DISCOVER, &probe, sizeof probe);
    if (setsockopt(socket, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &probe, sizeof probe) != 0) return -1;
    return setsockopt(socket, IPPROTO_IPV6, IPV6_DONTFRAG, &on, sizeof on);
}
/* Routers may split what is sent, and this machine itself, which IPv6 leaves to the sender alone. */
static inline int agent_allow_fragments(int socket, int is_four) {
    int never = IP_PMTUDISC_DONT;
    return is_four ? setsockopt(socket, IPPROTO_IP, IP_MTU_DISCOVER, &never, sizeof never) : 0;
}
/* A raw socket sees every ICMP message of the machine: these let it see echo replies and errors alone. */
static inline int agent_filter_pings(int socket, int is_four) {
    if (is_four) {
        uint32_t blocked = ~((1u << 0) | (1u << 3) | (1u << 11) | (1u << 12));
        return setsockopt(socket, 255 /* SOL_RAW */, 1 /* ICMP_FILTER */, &blocked, sizeof blocked);
    }
    struct icmp6_filter filter;
    ICMP6_FILTER_SETBLOCKALL(&filter);
    for (int type = ICMP6_DST_UNREACH; type <= ICMP6_PARAM_PROB; type++) ICMP6_FILTER_SETPASS(type, &filter);
    ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
    return setsockopt(socket, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter);
}
/* One datagram with its sender's address (4 or 16 bytes into 16) and the hop limit it came with, -1 where that is not told. */
static inline ssize_t agent_receive_from(
    int socket, void *bytes, size_t size, unsigned char *sender, int *sender_count, int *hop_limit) {
    struct sockaddr_storage storage;
    memset(&storage, 0, sizeof storage);
    char control[256];
    struct iovec part = {bytes, size};
    struct msghdr message = {&storage, sizeof storage, &part, 1, control, sizeof control, 0};
    *sender_count = 0;
    *hop_limit = -1;
    ssize_t count = recvmsg(socket, &message, 0);
    if (count < 0) return count;
    if (storage.ss_family == AF_INET) memcpy(sender, &((struct sockaddr_in *)&storage)->sin_addr, *sender_count = 4);
    if (storage.ss_family == AF_INET6) memcpy(sender, &((struct sockaddr_in6 *)&storage)->sin6_addr, *sender_count = 16);
    for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part != NULL; part = CMSG_NXTHDR(&message, part)) {
        if ((part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_TTL)
            || (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_HOPLIMIT))
            memcpy(hop_limit, CMSG_DATA(part), sizeof *hop_limit);
    }
    return count;
}

/* 1 if the password has the hash, 0 if not, -1 without memory. */
static inline int agent_password_matches(const char *password, const char *hash) {
    struct crypt_data *data = calloc(1, sizeof *data);
    if (data == NULL) return -1;
    const char *made = crypt_r(password, hash, data);
    size_t length = strlen(hash);
    unsigned char differs = made == NULL || strlen(made) != length;
    for (size_t index = 0; !differs && index < length; index++) differs |= (unsigned char)(made[index] ^ hash[index]);
    explicit_bzero(data, sizeof *data);
    free(data);
    return differs == 0;
}

/* What tells one content of a file from another without reading it: device, inode, size, and when it was written and changed. */
static inline int agent_file_stamp(const char *path, long stamp[7]) {
    struct stat status;
    if (stat(path, &status) != 0) return -1;
    stamp[0] = (long)status.st_dev;
    stamp[1] = (long)status.st_ino;
    stamp[2] = (long)status.st_size;
    stamp[3] = status.st_mtim.tv_sec;
    stamp[4] = status.st_mtim.tv_nsec;
    stamp[5] = status.st_ctim.tv_sec;
    stamp[6] = status.st_ctim.tv_nsec;
    return 0;
}

/* Whether a file is in /proc or /sys. */
static inline int agent_is_of_kernel(const char *path) {
    struct statfs system;
    return statfs(path, &system) == 0 && (system.f_type == PROC_SUPER_MAGIC || system.f_type == SYSFS_MAGIC);
}

#endif
