/* A fastboot device over TCP that throws everything away: as little as a peer can cost.
 *
 * Framing: AOSP fastboot/README.md, "TCP Protocol v1": "FB01" both ways, then every message is an
 * 8-byte big-endian length and its payload. Prints its port, then serves until it is killed.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char buffer[1 << 20];

static int read_all(int fd, void *into, size_t size) {
    for (size_t have = 0; have < size;) {
        ssize_t got = recv(fd, (char *)into + have, size - have, 0);
        if (got <= 0) return 0;
        have += (size_t)got;
    }
    return 1;
}

static int read_length(int fd, uint64_t *length) {
    unsigned char head[8];
    if (!read_all(fd, head, 8)) return 0;
    *length = 0;
    for (int i = 0; i < 8; i++) *length = *length << 8 | head[i];
    return 1;
}

static void reply(int fd, const char *text) {
    char message[8 + 64] = {0};
    size_t size = strlen(text);
    message[7] = (char)size;
    memcpy(message + 8, text, size);
    send(fd, message, 8 + size, MSG_NOSIGNAL);
}

/* The data phase may come in any number of messages: count bytes, never messages. */
static int swallow(int fd, uint64_t left) {
    while (left) {
        uint64_t message;
        if (!read_length(fd, &message)) return 0;
        left -= message;
        while (message) {
            ssize_t got = recv(fd, buffer, message < sizeof buffer ? message : sizeof buffer, 0);
            if (got <= 0) return 0;
            message -= (uint64_t)got;
        }
    }
    return 1;
}

static void serve(int fd) {
    char magic[4], command[65];
    uint64_t length;
    if (send(fd, "FB01", 4, MSG_NOSIGNAL) != 4 || !read_all(fd, magic, 4)) return;
    while (read_length(fd, &length) && length < sizeof command && read_all(fd, command, length)) {
        command[length] = 0;
        if (!strncmp(command, "download:", 9)) {
            char data[13];
            snprintf(data, sizeof data, "DATA%.8s", command + 9);
            reply(fd, data);
            if (!swallow(fd, strtoull(command + 9, NULL, 16))) return;
            reply(fd, "OKAY");
        } else if (!strcmp(command, "getvar:max-download-size")) {
            reply(fd, "OKAY0x80000000");
        } else if (!strcmp(command, "getvar:product")) {
            reply(fd, "OKAYsink");
        } else if (!strncmp(command, "getvar:partition-size:", 22)) {
            reply(fd, "OKAY0x200000000");
        } else if (!strncmp(command, "getvar:", 7)) {
            reply(fd, "OKAY");
        } else {
            reply(fd, "OKAY");
        }
    }
}

int main(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int yes = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 8)) return 1;
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        serve(fd);
        close(fd);
    }
}
