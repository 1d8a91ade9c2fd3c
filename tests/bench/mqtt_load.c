/* Many MQTT 3.1.1 clients in one thread: hubs that publish or only wait for orders, and readers.
 *
 * mqtt_load port=N [name=value ...]: connects everybody with keep-alive 60, prints "ready", and
 * at a line on stdin publishes and prints one JSON object. Without publishers it only holds its
 * connections. It ends when stdin does. Names and their defaults: the table `settings`.
 *
 * Hubs publish in turn, so many a second or as fast as the window allows: each hub's messages
 * without a PUBACK, and all hubs' messages that the slowest reader has not got. So a broker is
 * never asked to queue or to drop, and unless every reader got everything "complete" is false.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 256 << 10, KEEP_ALIVE = 60, PING_EVERY = 20, PATIENCE = 20, SMALL_WINDOW = 4096 };
enum { CONNECT = 0x10, CONNACK = 0x20, PUBLISH = 0x30, PUBACK = 0x40, SUBSCRIBE = 0x82,
       SUBACK = 0x90, PINGREQ = 0xc0 };
enum { EVENT = 1, SAMPLE = 0 };  /* also the QoS of each */

static long port, publishers, readers, stalled, idle, first, qos, count, rate;
static long size = 250, window = 100, event_every;
static const struct { const char *name; long *value; } settings[] = {
    {"port", &port},
    {"publishers", &publishers},
    {"readers", &readers},          /* of all samples and events of all hubs */
    {"stalled", &stalled},          /* readers that stop reading once they are subscribed */
    {"idle", &idle},                /* hubs that wait for orders */
    {"first", &first},              /* the number of the first hub, in its name */
    {"qos", &qos},                  /* 0: samples, 1: events */
    {"event_every", &event_every},  /* one event among so many samples */
    {"size", &size},                /* bytes of a payload */
    {"count", &count},              /* messages of all hubs together */
    {"rate", &rate},                /* a second; 0: as fast as it goes */
    {"window", &window},
};
static const char *password;  /* setting too; user names are "bench-N" of a hub, "watcher" */

struct client {
    int fd, waits_to_write;
    long got[2], unacknowledged;
    size_t held, unsent;
    uint16_t packet;
    char name[32];
    unsigned char in[ROOM], out[ROOM];
};

static struct client *clients, *reading, *stuck;  /* publishers first, then these, then idle */
static int epoll;
static uint32_t *delays;
static long sent[2], delay_count, delay_room, next_publisher;

static void die(const char *why) {
    fprintf(stderr, "mqtt_load: %s\n", why);
    exit(1);
}

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
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

static void watch(struct client *client, int operation, uint32_t events) {
    struct epoll_event wish = {.events = events, .data.ptr = client};
    epoll_ctl(epoll, operation, client->fd, &wish);
}

static void flush(struct client *client) {
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

static void note_delay(uint64_t delay) {
    if (delay_count == delay_room) {
        delay_room = delay_room ? 2 * delay_room : 1 << 16;
        if (!(delays = realloc(delays, (size_t)delay_room * sizeof *delays))) die("no memory");
    }
    delays[delay_count++] = (uint32_t)(delay / 1000);
}

/* PUBLISH, section 3.3: topic, packet id unless QoS 0, payload {"sentAt":…}. */
static void take_message(struct client *client, int flags, const unsigned char *body) {
    size_t at = 2 + ((size_t)body[0] << 8 | body[1]);
    int kind = flags & 6 ? EVENT : SAMPLE;
    if (kind == EVENT) {
        put(client, (unsigned char[]){PUBACK, 2, body[at], body[at + 1]}, 4);
        at += 2;
    }
    uint64_t at_ns = strtoull((const char *)body + at + sizeof "{\"sentAt\":" - 1, NULL, 10);
    client->got[kind]++;
    if (client < stuck) note_delay(now_ns() - at_ns);
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

/* Receive once and take the packets that are whole; return how many they were. */
static long hear(struct client *client, int flags) {
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

static void join(struct client *client, const char *user, int small) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = PATIENCE};
    int yes = 1, little = SMALL_WINDOW;
    to.sin_port = htons((uint16_t)port);
    client->fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (small) setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
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

static void subscribe(struct client *client, const char *one, int one_qos, const char *other) {
    put_head(client, SUBSCRIBE, 2 + 2 + strlen(one) + 1 + 2 + strlen(other) + 1);
    put(client, "\0\1", 2);
    put_text(client, one);
    put(client, (unsigned char[]){(unsigned char)one_qos}, 1);
    put_text(client, other);
    put(client, "\1", 1);
    ask(client);
}

static void join_all(void) {
    struct client *client = clients;
    char topic[128];
    for (long i = 0; i < publishers + idle; i++) {
        if (i == publishers) client = stuck + stalled;
        snprintf(client->name, sizeof client->name, "bench-%ld", first + i);
        join(client, client->name, 0);
        if (i >= publishers) {
            snprintf(topic, sizeof topic, "flashyard/v1/%s/order", client->name);
            subscribe(client, topic, EVENT, "flashyard/v1/_all/order");
        }
        client++;
    }
    for (long i = 0; i < readers + stalled; i++) {
        client = reading + i;
        snprintf(client->name, sizeof client->name, "watcher-%ld-%ld", first, i);
        join(client, "watcher", client >= stuck);
        subscribe(client, "flashyard/v1/+/device/+/progress", SAMPLE,
                  "flashyard/v1/+/device/+/event");
        if (client >= stuck) watch(client, EPOLL_CTL_DEL, 0);
    }
}

static void publish(struct client *client, int kind) {
    char topic[96], payload[ROOM / 4];
    snprintf(topic, sizeof topic, "flashyard/v1/%s/device/bench/%s", client->name,
             kind == EVENT ? "event" : "progress");
    int head = snprintf(payload, sizeof payload, "{\"sentAt\":%llu,\"padding\":\"",
                        (unsigned long long)now_ns());
    memset(payload + head, '.', (size_t)(size - head));
    memcpy(payload + size - 2, "\"}", 2);
    put_head(client, PUBLISH | kind << 1, 2 + strlen(topic) + 2 * (size_t)kind + (size_t)size);
    put_text(client, topic);
    if (kind == EVENT) {
        if (!++client->packet) client->packet = 1;
        unsigned char id[] = {(unsigned char)(client->packet >> 8), (unsigned char)client->packet};
        put(client, id, 2);
        client->unacknowledged++;
    }
    put(client, payload, (size_t)size);
    sent[kind]++;
}

static long fewest(const struct client *from, const struct client *to, int kind) {
    long least = sent[kind];
    for (; from < to; from++)
        if (from->got[kind] < least) least = from->got[kind];
    return least;
}

static long missing(void) {
    return sent[0] + sent[1] - fewest(reading, stuck, 0) - fewest(reading, stuck, 1);
}

/* Publish what is due at this time of the run and the window allows. */
static void feed(uint64_t elapsed) {
    long total = sent[0] + sent[1], due = count, skipped = 0;
    if (rate && (long)((double)elapsed * (double)rate / 1e9) < due)
        due = (long)((double)elapsed * (double)rate / 1e9);
    long allowed = total + publishers * window - missing();
    if (allowed < due) due = allowed;
    while (total < due && skipped < publishers) {
        struct client *client = clients + next_publisher++ % publishers;
        if (client->unacknowledged >= window) {
            skipped++;
            continue;
        }
        skipped = 0;
        publish(client, event_every ? total % event_every == 0 : (int)qos);
        total++;
    }
    for (long i = 0; i < publishers; i++) flush(clients + i);
}

static void ping_all(void) {
    struct client *end = stuck + stalled + idle;
    for (struct client *client = clients; client < end; client++) {
        put(client, (unsigned char[]){PINGREQ, 0}, 2);
        flush(client);
    }
}

/* One turn of the loop. A stalled reader is not among those that are watched. */
static void turn(int timer) {
    static uint64_t pinged;
    struct epoll_event events[256];
    int ready = epoll_wait(epoll, events, 256, 1000);
    for (int i = 0; i < ready; i++) {
        struct client *client = events[i].data.ptr;
        uint64_t ticks;
        if (!client && (timer < 0 || read(timer, &ticks, sizeof ticks) < 0)) exit(0);
        if (!client) continue;
        if (events[i].events & ~(uint32_t)EPOLLOUT) hear(client, MSG_DONTWAIT);
        flush(client);
    }
    if (!pinged) pinged = now_ns();
    if (now_ns() - pinged < (uint64_t)PING_EVERY * 1000000000u) return;
    pinged = now_ns();
    ping_all();
}

static int by_size(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static double delay_ms(double share) {
    if (!delay_count) return 0;
    long at = (long)((double)delay_count * share);
    return delays[at < delay_count ? at : delay_count - 1] / 1e3;
}

static void report(uint64_t elapsed) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    qsort(delays, (size_t)delay_count, sizeof *delays, by_size);
    printf("{\"complete\": %s, \"samples\": %ld, \"events\": %ld, \"samples_got\": %ld,"
           " \"events_got\": %ld, \"stalled_samples\": %ld, \"stalled_events\": %ld,"
           " \"seconds\": %.6f, \"p50\": %.3f, \"p99\": %.3f, \"longest\": %.3f, \"cpu\": %.3f}\n",
           sent[0] + sent[1] == count && !missing() ? "true" : "false", sent[0], sent[1],
           fewest(reading, stuck, 0), fewest(reading, stuck, 1),
           fewest(stuck, stuck + stalled, 0), fewest(stuck, stuck + stalled, 1),
           (double)elapsed / 1e9, delay_ms(.5), delay_ms(.99), delay_ms(1),
           (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
    fflush(stdout);
}

/* Go on until nothing is missing, or nothing has come for a while. */
static void run(void) {
    struct itimerspec every = {.it_interval.tv_nsec = 1000000};
    struct epoll_event wish = {.events = EPOLLIN};
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    if (rate > 1000) every.it_interval.tv_nsec = 1000000000 / rate;
    every.it_value = every.it_interval;
    timerfd_settime(timer, 0, &every, NULL);
    if (rate) epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &wish);
    uint64_t begun = now_ns(), ended = begun, moved = begun, patience = PATIENCE * 1000000000ull;
    long before = -1;
    while ((sent[0] + sent[1] < count || missing()) && now_ns() - moved < patience) {
        feed(now_ns() - begun);
        turn(timer);
        if (before != delay_count) moved = now_ns();
        before = delay_count;
        ended = now_ns();
    }
    close(timer);
    /* Those that were stalled read on, and must be told every event still. */
    for (struct client *client = stuck; client < stuck + stalled; client++)
        watch(client, EPOLL_CTL_ADD, EPOLLIN);
    moved = now_ns();
    for (long had = -1; stalled && now_ns() - moved < patience; turn(-1)) {
        long has = fewest(stuck, stuck + stalled, EVENT);
        if (has == sent[EVENT]) break;
        if (has != had) moved = now_ns();
        had = has;
    }
    report(ended - begun);
}

int main(int argc, char **argv) {
    char line[16];
    for (int i = 1; i < argc; i++) {
        char *value = strchr(argv[i], '=');
        size_t known = 0, names = sizeof settings / sizeof *settings;
        if (!value) die("a setting is name=value");
        *value++ = 0;
        while (known < names && strcmp(argv[i], settings[known].name)) known++;
        if (known < names) *settings[known].value = atol(value);
        else if (!strcmp(argv[i], "password")) password = value;
        else die("no such setting");
    }
    if (size < 64 || size > ROOM / 4) die("a payload is 64 bytes to 64 KiB");
    epoll = epoll_create1(0);
    clients = calloc((size_t)(publishers + readers + stalled + idle), sizeof *clients);
    if (!clients) die("no memory");
    reading = clients + publishers;
    stuck = reading + readers;
    join_all();
    puts("ready");
    fflush(stdout);
    if (!publishers) {
        struct epoll_event end = {.events = EPOLLIN | EPOLLHUP};
        epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &end);
        for (;;) turn(-1);
    }
    if (fgets(line, sizeof line, stdin)) run();
    return 0;
}
