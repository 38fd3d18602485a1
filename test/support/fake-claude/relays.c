/*
 * A made-up CLI without a mind of its own: it tells its pid and its model to whoever has one, and then carries lines
 * between there and its pipes. That is at 127.0.0.1:$RELAYS_PORT, else at the socket that lies beside this program, named
 * as it with ".socket". In C, because it starts in a millisecond where Node takes sixty: tests start thousands.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

extern char **environ;

static void writeAll(int to, const char *bytes, ssize_t count) {
  for (ssize_t done = 0; done < count;) {
    ssize_t written = write(to, bytes + done, (size_t)(count - done));
    if (written <= 0) exit(1);
    done += written;
  }
}

static char bytes[65536];

/* Carries what one read of stdin gives. 0 at the end of the input. */
static int carryIn(int link) {
  ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);
  if (count <= 0) return 0;
  writeAll(link, bytes, count);
  return 1;
}

/*
 * Carries what one read of the link gives. 0 at its end. Bytes that no JSON holds tell what is no output: 0 is the end by
 * SIGKILL; what stands between 1 and 2 goes to stderr; 3 is the end by exit, with the code that the next byte is.
 */
static int carryOut(int link) {
  static int to = STDOUT_FILENO, isExiting = 0;
  ssize_t count = read(link, bytes, sizeof bytes), begin = 0;
  if (count <= 0) return 0;
  for (ssize_t at = 0; at < count; at++) {
    if (isExiting) exit((unsigned char)bytes[at]);
    if ((unsigned char)bytes[at] > 3) continue;
    writeAll(to, bytes + begin, at - begin);
    begin = at + 1;
    if (bytes[at] == 0) raise(SIGKILL);
    if (bytes[at] == 3) isExiting = 1;
    else to = bytes[at] == 1 ? STDERR_FILENO : STDOUT_FILENO;
  }
  writeAll(to, bytes + begin, count - begin);
  return 1;
}

static int connectByPort(const char *port) {
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port)) };
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int link = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(link, (struct sockaddr *)&address, sizeof address) != 0) return -1;
  // Without it a line waits for the acknowledgement of the one before.
  int on = 1;
  setsockopt(link, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return link;
}

static int connectBeside(const char *program) {
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int length = snprintf(address.sun_path, sizeof address.sun_path, "%s.socket", program);
  int link = socket(AF_UNIX, SOCK_STREAM, 0);
  if (length >= (int)sizeof address.sun_path) return -1;
  return connect(link, (struct sockaddr *)&address, sizeof address) == 0 ? link : -1;
}

/* Each variable and a NUL, and a NUL behind them all, as in /proc/PID/environ. */
static void tellEnvironment(int link) {
  for (char **variable = environ; *variable != NULL; variable++) {
    if (write(link, *variable, strlen(*variable) + 1) < 0) exit(1);
  }
  if (write(link, "", 1) < 0) exit(1);
}

int main(int count, char **arguments) {
  const char *model = "";
  for (int index = 1; index < count; index++) {
    if (strcmp(arguments[index], "--version") == 0) return puts("2.1.330 (Claude Code, made up for tests)") < 0;
    if (strcmp(arguments[index], "--model") == 0 && index + 1 < count) model = arguments[index + 1];
  }
  const char *port = getenv("RELAYS_PORT");
  int link = port == NULL ? connectBeside(arguments[0]) : connectByPort(port);
  if (link < 0) return perror("relays"), 2;
  if (port == NULL) tellEnvironment(link);
  dprintf(link, "{\"pid\":%d,\"model\":\"%s\"}\n", (int)getpid(), model);

  struct pollfd ends[] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .fd = link, .events = POLLIN } };
  while (poll(ends, 2, -1) > 0) {
    if (ends[0].revents != 0 && !carryIn(link)) {
      // A NUL tells the end of stdin from this process's own end, which closes the socket too.
      if (port != NULL) shutdown(link, SHUT_WR);
      else if (write(link, "", 1) < 0) return 1;
      ends[0].fd = -1;
    }
    if (ends[1].revents != 0 && !carryOut(link)) return 0;
  }
  return 1;
}
