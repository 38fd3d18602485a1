/*
 * A made-up CLI without a mind of its own: it tells its pid and its model to 127.0.0.1:$RELAYS_PORT and then carries lines
 * between there and its pipes. In C, because it starts in a millisecond where Node takes sixty: tests start thousands.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Carries what one read gives. 0 at the end of the input. */
static int carry(int from, int to) {
  static char bytes[65536];
  ssize_t count = read(from, bytes, sizeof bytes);
  if (count <= 0) return 0;
  for (ssize_t done = 0; done < count;) {
    ssize_t written = write(to, bytes + done, (size_t)(count - done));
    if (written <= 0) exit(1);
    done += written;
  }
  return 1;
}

int main(int count, char **arguments) {
  const char *model = "";
  for (int index = 1; index < count; index++) {
    if (strcmp(arguments[index], "--version") == 0) return puts("2.1.330 (Claude Code, made up for tests)") < 0;
    if (strcmp(arguments[index], "--model") == 0 && index + 1 < count) model = arguments[index + 1];
  }
  const char *port = getenv("RELAYS_PORT");
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port == NULL ? "0" : port)) };
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int link = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(link, (struct sockaddr *)&address, sizeof address) != 0) return perror("relays"), 2;
  // Without it a line waits for the acknowledgement of the one before.
  int on = 1;
  setsockopt(link, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  dprintf(link, "{\"pid\":%d,\"model\":\"%s\"}\n", (int)getpid(), model);

  struct pollfd ends[] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .fd = link, .events = POLLIN } };
  while (poll(ends, 2, -1) > 0) {
    if (ends[0].revents != 0 && !carry(STDIN_FILENO, link)) {
      shutdown(link, SHUT_WR);
      ends[0].fd = -1;
    }
    if (ends[1].revents != 0 && !carry(link, STDOUT_FILENO)) return 0;
  }
  return 1;
}
