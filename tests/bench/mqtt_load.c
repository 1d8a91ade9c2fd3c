/* Many MQTT 3.1.1 clients in one thread: hubs that publish or only wait for orders, and readers.
 *
 * mqtt_load port=N [name=value ...]: connects everybody with keep-alive 60, prints "ready", and
 * at a line on stdin publishes and prints one JSON object. Without publishers it only holds its
 * connections. It ends when stdin does. Names and their defaults: the table `settings`.
 *
 * Delays are whole microseconds, as uint32_t in a file where "delays" names one.
 *
 * Hubs publish in turn, so many a second or as fast as the window allows: each hub's messages
 * without a PUBACK, and all hubs' messages that the slowest reader has not got. So a broker is
 * never asked to queue or to drop, and unless every reader got everything "complete" is false.
 */
#define _GNU_SOURCE
#include "mqtt_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { SAMPLE, EVENT };  /* also the QoS of each */
enum { PING_EVERY = 20 };  /* seconds */

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
/* Settings, too; user names are "bench-N" of a hub, "watcher". */
static const char *password, *delays_file;

static struct client *clients, *reading, *stuck;  /* publishers first, then these, then idle */
static uint32_t *delays;  /* microseconds */
static long sent[2], delay_count, delay_room, next_publisher;

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void note_delay(uint64_t delay) {
    if (delay_count == delay_room) {
        delay_room = delay_room ? 2 * delay_room : 1 << 16;
        if (!(delays = realloc(delays, (size_t)delay_room * sizeof *delays))) die("no memory");
    }
    delays[delay_count++] = (uint32_t)(delay / 1000);
}

void heard(struct client *client, int kind, const char *payload) {
    client->got[kind]++;
    uint64_t said = strtoull(payload + sizeof "{\"sentAt\":" - 1, NULL, 10);
    if (client < stuck) note_delay(now_ns() - said);
}

static void join_all(void) {
    struct client *client = clients;
    char topic[128];
    for (long i = 0; i < publishers + idle; i++) {
        if (i == publishers) client = stuck + stalled;
        snprintf(client->name, sizeof client->name, "bench-%ld", first + i);
        join(client, port, client->name, password);
        if (i >= publishers) {
            snprintf(topic, sizeof topic, "flashyard/v1/%s/order", client->name);
            subscribe(client, topic, EVENT, "flashyard/v1/_all/order");
        }
        client++;
    }
    for (long i = 0; i < readers + stalled; i++) {
        client = reading + i;
        snprintf(client->name, sizeof client->name, "watcher-%ld-%ld", first, i);
        join(client, port, "watcher", password);
        subscribe(client, "flashyard/v1/+/device/+/progress", SAMPLE,
                  "flashyard/v1/+/device/+/event");
        if (client >= stuck) watch(client, EPOLL_CTL_DEL, 0);
    }
}

static void say(struct client *client, int kind) {
    char topic[96], payload[ROOM / 4];
    snprintf(topic, sizeof topic, "flashyard/v1/%s/device/bench/%s", client->name,
             kind == EVENT ? "event" : "progress");
    int head = snprintf(payload, sizeof payload, "{\"sentAt\":%llu,\"padding\":\"",
                        (unsigned long long)now_ns());
    memset(payload + head, '.', (size_t)(size - head));
    memcpy(payload + size - 2, "\"}", 2);
    publish(client, topic, kind, payload, (size_t)size);
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
        say(client, event_every ? total % event_every == 0 : (int)qos);
        total++;
    }
    for (long i = 0; i < publishers; i++) flush(clients + i);
}

static void ping_all(void) {
    struct client *end = stuck + stalled + idle;
    for (struct client *client = clients; client < end; client++) ping(client);
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

static void keep_delays(void) {
    FILE *file = fopen(delays_file, "wb");
    if (!file || fwrite(delays, sizeof *delays, (size_t)delay_count, file) != (size_t)delay_count ||
        fclose(file))
        die("cannot write the delays");
}

static void report(uint64_t elapsed) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    if (delays_file) keep_delays();
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
        else if (!strcmp(argv[i], "delays")) delays_file = value;
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
