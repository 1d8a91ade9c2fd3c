/* One MQTT 3.1.1 client over a socket, for QoS 0 and 1: as little as a client can cost.
 *
 * Sockets are watched by one epoll, with the client as its event's data. What is to be sent is
 * gathered until `flush`. Whatever goes wrong ends the program.
 */
#include <stddef.h>
#include <stdint.h>

enum { ROOM = 256 << 10, PATIENCE = 20 };  /* bytes; seconds for what must come */

struct client {
    int fd, waits_to_write;
    long got[2], unacknowledged;  /* got, by QoS: the owner's */
    size_t held, unsent;
    uint16_t packet;
    char name[32];
    unsigned char in[ROOM], out[ROOM];
};

extern int epoll;

void die(const char *why);
void watch(struct client *client, int operation, uint32_t events);

/* Connect as client->name and wait until that is accepted; without a password anonymously. */
void join(struct client *client, long port, const char *user, const char *password);
/* Ask for a filter at a QoS and for another at QoS 1, and wait until that is granted. */
void subscribe(struct client *client, const char *filter, int qos, const char *other);
void publish(struct client *client, const char *topic, int qos, const char *payload, size_t size);
void ping(struct client *client);
void flush(struct client *client);
/* Receive once, take the packets that are whole, and return how many they were. */
long hear(struct client *client, int flags);

/* The program's own: a message came. */
void heard(struct client *client, int qos, const char *payload);
