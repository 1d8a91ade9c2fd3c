/* What devices take at most: one process for each of them, that sends a file and looks at nothing.
 *
 * feed FILE PART PORT...: sends FILE to the fastboot devices at these ports of 127.0.0.1, in
 * downloads of at most PART bytes, all at once. Framing: AOSP fastboot/README.md, "TCP Protocol v1".
 */
#include <arpa/inet.h>
#include <endian.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *why) {
    fprintf(stderr, "feed: %s\n", why);
    exit(1);
}

static void send_all(int fd, const char *data, size_t size, int flags) {
    while (size) {
        size_t step = size < 512 << 10 ? size : 512 << 10;
        ssize_t sent = send(fd, data, step, flags | MSG_NOSIGNAL);
        if (sent <= 0) die("the device is gone");
        data += sent;
        size -= (size_t)sent;
    }
}

static void send_length(int fd, uint64_t length) {
    length = htobe64(length);
    send_all(fd, (char *)&length, sizeof length, MSG_MORE);
}

static void expect(int fd, const char *kind) {
    uint64_t length;
    char text[4096];
    if (recv(fd, &length, sizeof length, MSG_WAITALL) != sizeof length) die("no answer");
    length = be64toh(length);
    if (length < 4 || length > sizeof text) die("no fastboot answer");
    if (recv(fd, text, length, MSG_WAITALL) != (ssize_t)length) die("half an answer");
    if (memcmp(text, kind, 4)) die("another answer");
}

static void feed(const char *data, size_t size, size_t part, uint16_t port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    char hello[4], command[32];
    int yes = 1, little = 208 << 10, fd = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (struct sockaddr *)&address, sizeof address)) die("nobody listens");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &little, sizeof little);  /* so that caches hold it */
    send_all(fd, "FB01", 4, 0);
    if (recv(fd, hello, 4, MSG_WAITALL) != 4) die("no handshake");
    for (size_t at = 0; at < size; at += part) {
        size_t length = size - at < part ? size - at : part;
        int written = snprintf(command, sizeof command, "download:%08zx", length);
        send_length(fd, (uint64_t)written);
        send_all(fd, command, (size_t)written, 0);
        expect(fd, "DATA");
        send_length(fd, length);
        send_all(fd, data + at, length, 0);
        expect(fd, "OKAY");
    }
    close(fd);
}

int main(int argc, char **argv) {
    if (argc < 4) die("FILE PART PORT...");
    struct stat about;
    int file = open(argv[1], O_RDONLY);
    if (file < 0 || fstat(file, &about)) die("no such file");
    size_t size = (size_t)about.st_size;
    char *data = mmap(NULL, size, PROT_READ, MAP_SHARED, file, 0);
    if (data == MAP_FAILED) die("the file cannot be mapped");
    for (int i = 3; i < argc; i++) {
        pid_t child = fork();
        if (child < 0) die("no process");
        if (!child) {
            feed(data, size, strtoull(argv[2], NULL, 10), (uint16_t)atoi(argv[i]));
            _exit(0);
        }
    }
    int status, failed = 0;
    while (wait(&status) > 0) failed |= status != 0;
    return failed;
}
