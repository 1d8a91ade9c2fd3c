/* One MQTT 3.1.1 client over a socket, watched by an epoll; see mqtt_client.h. */
#define _GNU_SOURCE
#include "mqtt_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { KEEP_ALIVE = 60 };  /* seconds */
enum { CONNECT = 0x10, CONNACK = 0x20, PUBLISH = 0x30, PUBACK = 0x40, SUBSCRIBE = 0x82,
       SUBACK = 0x90, PINGREQ = 0xc0 };

int epoll;

void die(const char *why) {
    fprintf(stderr, "mqtt_load: %s\n", why);
    exit(1);
}

static void put(struct client *client, const void *data, size_t bytes) {
    if (client->unsent + bytes > ROOM) die("the broker takes no more");
    memcpy(client->out + client->unsent, data, bytes);
    client->unsent += bytes;
}

static void put_text(struct client *client, const char *text) {
    size_t length = strlen(text);
    put(client, (unsigned char[]){(unsigned char)(length >> 8), (unsigned char)length}, 2);
    put(client, text, length);
}

/* Fixed header, section 2.2. */
static void put_head(struct client *client, int first_byte, size_t remaining) {
    unsigned char head[5] = {(unsigned char)first_byte};
    size_t used = 1;
    do {
        head[used] = remaining & 127;
        remaining >>= 7;
        if (remaining) head[used] |= 128;
        used++;
    } while (remaining);
    put(client, head, used);
}

void watch(struct client *client, int operation, uint32_t events) {
    struct epoll_event wish = {.events = events, .data.ptr = client};
    epoll_ctl(epoll, operation, client->fd, &wish);
}

void flush(struct client *client) {
    if (!client->unsent) return;
    ssize_t gone = send(client->fd, client->out, client->unsent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (gone < 0 && errno != EAGAIN) die("the broker dropped a client");
    if (gone > 0) {
        client->unsent -= (size_t)gone;
        memmove(client->out, client->out + gone, client->unsent);
    }
    if (client->waits_to_write == !!client->unsent) return;
    client->waits_to_write = !!client->unsent;
    watch(client, EPOLL_CTL_MOD, EPOLLIN | (client->unsent ? EPOLLOUT : 0));
}

/* PUBLISH, section 3.3: topic, packet id unless QoS 0, payload. */
static void take_message(struct client *client, int flags, const unsigned char *body) {
    size_t at = 2 + ((size_t)body[0] << 8 | body[1]);
    int qos = flags >> 1 & 3;
    if (qos > 1) die("the broker sent more than was asked for");
    if (qos) {
        put(client, (unsigned char[]){PUBACK, 2, body[at], body[at + 1]}, 4);
        at += 2;
    }
    heard(client, qos, (const char *)body + at);
}

static void take(struct client *client, const unsigned char *packet, const unsigned char *body) {
    switch (packet[0] & 0xf0) {
    case PUBLISH: take_message(client, packet[0], body); break;
    case PUBACK: client->unacknowledged--; break;
    case CONNACK:
        if (body[1]) die("the broker refused a client");
        break;
    case SUBACK:
        for (const unsigned char *code = body + 2; code < packet + 2 + packet[1]; code++)
            if (*code & 0x80) die("the broker refused a subscription");
        break;
    }
}

long hear(struct client *client, int flags) {
    long packets = 0;
    size_t at = 0;
    ssize_t got = recv(client->fd, client->in + client->held, ROOM - client->held, flags);
    if (got < 0 && errno == EAGAIN && flags) return 0;
    if (got <= 0) die("the broker dropped a client, or does not answer");
    client->held += (size_t)got;
    for (;;) {
        size_t length = 0, used = 1;
        int shift = 0, more = 1;
        while (more && at + used < client->held && shift < 28) {
            length |= (size_t)(client->in[at + used] & 127) << shift;
            more = client->in[at + used++] & 128;
            shift += 7;
        }
        if (more || at + used + length > client->held) break;
        take(client, client->in + at, client->in + at + used);
        at += used + length;
        packets++;
    }
    client->held -= at;
    memmove(client->in, client->in + at, client->held);
    return packets;
}

static void ask(struct client *client) {
    flush(client);
    while (!hear(client, 0)) continue;
}

void join(struct client *client, long port, const char *user, const char *password) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = PATIENCE};
    int yes = 1;
    to.sin_port = htons((uint16_t)port);
    client->fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (connect(client->fd, (struct sockaddr *)&to, sizeof to)) die("cannot connect");
    watch(client, EPOLL_CTL_ADD, EPOLLIN);
    size_t rest = 10 + 2 + strlen(client->name);
    if (password) rest += 2 + strlen(user) + 2 + strlen(password);
    put_head(client, CONNECT, rest);
    put(client, "\0\4MQTT\4", 7);
    put(client, (unsigned char[]){password ? 0xc2 : 0x02, 0, KEEP_ALIVE}, 3);
    put_text(client, client->name);
    if (password) {
        put_text(client, user);
        put_text(client, password);
    }
    ask(client);
}

void subscribe(struct client *client, const char *filter, int qos, const char *other) {
    put_head(client, SUBSCRIBE, 2 + 2 + strlen(filter) + 1 + 2 + strlen(other) + 1);
    put(client, "\0\1", 2);
    put_text(client, filter);
    put(client, (unsigned char[]){(unsigned char)qos}, 1);
    put_text(client, other);
    put(client, "\1", 1);
    ask(client);
}

void publish(struct client *client, const char *topic, int qos, const char *payload, size_t size) {
    put_head(client, PUBLISH | qos << 1, 2 + strlen(topic) + (qos ? 2 : 0) + size);
    put_text(client, topic);
    if (qos) {
        if (!++client->packet) client->packet = 1;
        unsigned char id[] = {(unsigned char)(client->packet >> 8), (unsigned char)client->packet};
        put(client, id, 2);
        client->unacknowledged++;
    }
    put(client, payload, size);
}

void ping(struct client *client) {
    put(client, (unsigned char[]){PINGREQ, 0}, 2);
    flush(client);
}
