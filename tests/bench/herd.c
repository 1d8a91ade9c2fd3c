/* Many WebSocket clients in one thread: as little as a browser can cost.
 *
 * herd PORT CLIENTS: connects, prints "ready", then obeys lines on stdin until it is closed:
 *   reset   forget what was counted; messages sent before now are not counted any more
 *   report  print: fewest and most messages of a client, p50, p99 and longest delay in us
 * Counted are messages with a key "sentAt": CLOCK_MONOTONIC in ns. Framing: RFC 6455, section 5.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 128 << 10, TEXT = 1, CLOSE = 8, PING = 9 };

struct client {
    int fd;
    size_t held;
    uint32_t counted;
    char data[ROOM];
};

static struct client *clients;
static int client_count;
static uint32_t *delays;
static size_t delay_count, delay_room;
static uint64_t counted_from;

static void die(const char *why) {
    fprintf(stderr, "herd: %s\n", why);
    exit(1);
}

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void count(struct client *client, const char *text, size_t size) {
    static const char key[] = "\"sentAt\":";
    const char *found = memmem(text, size, key, sizeof key - 1);
    if (!found) return;
    uint64_t sent = strtoull(found + sizeof key - 1, NULL, 10);  /* the message goes on: "}" */
    if (sent < counted_from) return;
    if (delay_count == delay_room) {
        delay_room = delay_room ? 2 * delay_room : 1 << 16;
        if (!(delays = realloc(delays, delay_room * sizeof *delays))) die("no memory");
    }
    delays[delay_count++] = (uint32_t)((now_ns() - sent) / 1000);
    client->counted++;
}

/* Take the frames that are whole; return how many bytes they were. A server does not mask. */
static size_t take_frames(struct client *client) {
    size_t at = 0;
    for (;;) {
        const unsigned char *head = (unsigned char *)client->data + at;
        size_t held = client->held - at, size, start = 2;
        if (held < 2) return at;
        size = head[1] & 127;
        if (size == 127) die("a frame over 64 KiB");
        if (size == 126) {
            if (held < 4) return at;
            size = (size_t)head[2] << 8 | head[3];
            start = 4;
        }
        if (held < start + size) return at;
        if ((head[0] & 15) == TEXT) count(client, (const char *)head + start, size);
        if ((head[0] & 15) == CLOSE) die("the bridge closed a client");
        if ((head[0] & 15) == PING) send(client->fd, "\x8a\x80\0\0\0", 6, MSG_NOSIGNAL);
        at += start + size;
    }
}

static void hear(struct client *client) {
    ssize_t got = recv(client->fd, client->data + client->held, ROOM - client->held, 0);
    if (got <= 0) die("the bridge dropped a client");
    client->held += (size_t)got;
    size_t taken = take_frames(client);
    memmove(client->data, client->data + taken, client->held - taken);
    client->held -= taken;
}

static void join(struct client *client, int port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char request[512], *end = NULL;
    to.sin_port = htons((uint16_t)port);
    client->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(client->fd, (struct sockaddr *)&to, sizeof to)) die("cannot connect");
    int size = snprintf(request, sizeof request,
        "GET /flash-progress HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n", port);
    send(client->fd, request, (size_t)size, MSG_NOSIGNAL);
    while (!end) {
        ssize_t got = recv(client->fd, client->data + client->held, ROOM - client->held, 0);
        if (got <= 0) die("no handshake");
        client->held += (size_t)got;
        end = memmem(client->data, client->held, "\r\n\r\n", 4);
    }
    if (strncmp(client->data, "HTTP/1.1 101", 12)) die("refused");
    client->held -= (size_t)(end + 4 - client->data);
    memmove(client->data, end + 4, client->held);
}

static int by_size(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void report(void) {
    uint32_t fewest = UINT32_MAX, most = 0;
    for (int i = 0; i < client_count; i++) {
        if (clients[i].counted < fewest) fewest = clients[i].counted;
        if (clients[i].counted > most) most = clients[i].counted;
    }
    qsort(delays, delay_count, sizeof *delays, by_size);
    uint32_t p50 = 0, p99 = 0, longest = 0;
    if (delay_count) {
        p50 = delays[delay_count / 2];
        p99 = delays[delay_count * 99 / 100];
        longest = delays[delay_count - 1];
    }
    printf("%u %u %u %u %u\n", fewest, most, p50, p99, longest);
    fflush(stdout);
}

static void reset(void) {
    for (int i = 0; i < client_count; i++) clients[i].counted = 0;
    delay_count = 0;
    counted_from = now_ns();
    puts("done");
    fflush(stdout);
}

int main(int argc, char **argv) {
    struct epoll_event wish = {.events = EPOLLIN}, events[256];
    int epoll = epoll_create1(0);
    if (argc != 3) die("herd PORT CLIENTS");
    client_count = atoi(argv[2]);
    if (!(clients = calloc((size_t)client_count, sizeof *clients))) die("no memory");
    for (int i = 0; i < client_count; i++) {
        join(&clients[i], atoi(argv[1]));
        wish.data.ptr = &clients[i];
        epoll_ctl(epoll, EPOLL_CTL_ADD, clients[i].fd, &wish);
    }
    wish.data.ptr = NULL;
    epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &wish);
    puts("ready");
    fflush(stdout);
    for (;;) {
        int ready = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.ptr) {
                hear(events[i].data.ptr);
                continue;
            }
            char line[64];
            ssize_t got = read(STDIN_FILENO, line, sizeof line - 1);
            if (got <= 0) return 0;
            line[got] = 0;
            if (!strncmp(line, "reset", 5)) reset();
            if (!strncmp(line, "report", 6)) report();
        }
    }
}
