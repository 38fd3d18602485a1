/*
 * The clients of the benchmarks of paced streams, all in one process, so that it is the server that is measured and
 * not its readers. Each opens a connection, sends its request, and reads to the end of the answer. Every delta of
 * paced.c holds the clock at which it was written: its age is the clock after the read that brought it, less that.
 *
 *     paced-clients PORT AT_ONCE SETTLE_MS WINDOW_MS STOP_FILE AGES_FILE < requests
 *
 * The requests are whole ones of HTTP/1.1 with a NUL behind each. A new one is sent while fewer than AT_ONCE wait for
 * their first delta. SETTLE_MS after the last has begun, a window of WINDOW_MS opens. Its end is written into
 * STOP_FILE, where the fakes look it up. The ages of the deltas that were written in the window go into AGES_FILE, as
 * doubles in nanoseconds. Standard output has a line `from NS` and a line `to NS` at the window's ends, and at last one
 * of JSON. A stream counts as whole when it has ended as HTTP asks and holds as many deltas as the fake says.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NS_A_MS 1000000LL
/* A stream without a delta for so long has failed. */
#define BEGIN_NS_MAX (60000 * NS_A_MS)
/* And one that has not ended so long after the window. */
#define DRAIN_NS_MAX (60000 * NS_A_MS)
#define LOOK_MS 100
#define READ_BYTES (256 * 1024)
#define HEAD_BYTES 2048
#define EVENTS_MAX 256
/* A clock has more digits than any number that a server writes with such a letter before it and a space behind it. */
#define STAMP_DIGITS_MIN 9
#define DIGITS_MAX 18

enum state { UNOPENED, OPENED, BEGUN, WHOLE, FAILED };
enum part { HEAD, CHUNK_SIZE, CHUNK_DATA, CHUNK_END, TRAILER, PLAIN };
enum course { OPENING, SETTLING, MEASURING, DRAINING };

struct stream {
  const char *request;
  size_t request_bytes;
  int fd;
  enum state state;
  enum part part;
  int64_t opened_ns;
  /* The answer's first bytes, head and more, for what is said of a failure. */
  char start[HEAD_BYTES + 1];
  size_t start_bytes;
  size_t chunk_left;
  /* 't' or 'n' while its digits are read, else 0. */
  char token;
  char before;
  int digits;
  int64_t number;
  int64_t last_stamp;
  long deltas;
  long deltas_said;
};

static struct stream *streams;
static size_t stream_count;
static size_t waiting;
static size_t live;
static char failure[256];
static int64_t from_ns;
static int64_t to_ns;
static double *ages;
static size_t age_count;
static size_t age_room;

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void close_as(struct stream *stream, enum state state) {
  if (stream->state == OPENED) waiting--;
  live--;
  close(stream->fd);
  stream->state = state;
}

/* The first failure's words are kept, in characters that JSON takes as they are. */
static void fail(struct stream *stream, const char *why) {
  close_as(stream, FAILED);
  if (failure[0] != 0) return;
  snprintf(failure, sizeof failure, "%s; %.160s", why, stream->start);
  for (char *at = failure; *at != 0; at++) {
    if (*at < ' ' || *at > '~' || *at == '"' || *at == '\\') *at = ' ';
  }
}

static void finish(struct stream *stream) {
  char why[80];
  if (stream->deltas_said == stream->deltas) {
    close_as(stream, WHOLE);
    return;
  }
  if (stream->deltas_said < 0) snprintf(why, sizeof why, "an answer broke off after %ld deltas", stream->deltas);
  else snprintf(why, sizeof why, "an answer held %ld of %ld deltas", stream->deltas, stream->deltas_said);
  fail(stream, why);
}

/* Stamps grow within a stream: one that does not is told a second time, as some APIs do at the end. */
static void take_token(struct stream *stream, int64_t read_ns) {
  if (stream->token == 'n') {
    stream->deltas_said = stream->number;
    return;
  }
  if (stream->digits < STAMP_DIGITS_MIN || stream->number <= stream->last_stamp) return;
  stream->last_stamp = stream->number;
  stream->deltas++;
  if (stream->state == OPENED) {
    stream->state = BEGUN;
    waiting--;
  }
  if (from_ns == 0 || stream->number < from_ns || stream->number > to_ns) return;
  if (age_count == age_room) {
    age_room = age_room == 0 ? 65536 : age_room * 2;
    ages = realloc(ages, age_room * sizeof *ages);
    if (ages == NULL) die("memory");
  }
  ages[age_count++] = (double)(read_ns - stream->number);
}

static void take_text(struct stream *stream, char byte, int64_t read_ns) {
  if (stream->token != 0) {
    if (byte >= '0' && byte <= '9' && stream->digits < DIGITS_MAX) {
      stream->number = stream->number * 10 + (byte - '0');
      stream->digits++;
      return;
    }
    if (byte == ' ' && stream->digits > 0) take_token(stream, read_ns);
    stream->token = 0;
  } else if ((byte == 't' || byte == 'n') && (stream->before == '"' || stream->before == ' ')) {
    stream->token = byte;
    stream->digits = 0;
    stream->number = 0;
  }
  stream->before = byte;
}

static int hex_digit(char byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  byte |= 0x20;
  return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static void take_head(struct stream *stream) {
  if (stream->start_bytes < 4 || memcmp(stream->start + stream->start_bytes - 4, "\r\n\r\n", 4) != 0) return;
  stream->part = strcasestr(stream->start, "transfer-encoding: chunked") == NULL ? PLAIN : CHUNK_SIZE;
}

static void take(struct stream *stream, const char *bytes, size_t count, int64_t read_ns) {
  for (size_t index = 0; index < count && stream->state <= BEGUN; index++) {
    char byte = bytes[index];
    if (stream->start_bytes < HEAD_BYTES) stream->start[stream->start_bytes++] = byte;
    switch (stream->part) {
      case HEAD:
        take_head(stream);
        break;
      case CHUNK_SIZE:
        if (hex_digit(byte) >= 0) stream->chunk_left = stream->chunk_left * 16 + (size_t)hex_digit(byte);
        else if (byte == '\n') stream->part = stream->chunk_left == 0 ? TRAILER : CHUNK_DATA;
        break;
      case CHUNK_DATA:
        take_text(stream, byte, read_ns);
        if (--stream->chunk_left == 0) stream->part = CHUNK_END;
        break;
      case CHUNK_END:
        if (byte == '\n') stream->part = CHUNK_SIZE;
        break;
      case TRAILER:
        if (byte == '\n') finish(stream);
        break;
      case PLAIN:
        take_text(stream, byte, read_ns);
        break;
    }
  }
}

static void read_some(struct stream *stream) {
  static char bytes[READ_BYTES];
  ssize_t count = read(stream->fd, bytes, sizeof bytes);
  int64_t read_ns = now_ns();
  if (count > 0) take(stream, bytes, (size_t)count, read_ns);
  else if (count == 0 && stream->part == PLAIN) finish(stream);
  else if (count == 0) fail(stream, "a connection was closed within an answer");
  else if (errno != EAGAIN && errno != EINTR) fail(stream, strerror(errno));
}

static void open_stream(struct stream *stream, int port, int epoll) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  stream->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (stream->fd < 0) die("socket");
  int yes = 1;
  setsockopt(stream->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  stream->state = OPENED;
  stream->opened_ns = now_ns();
  stream->deltas_said = -1;
  waiting++;
  live++;
  int is_open = connect(stream->fd, (struct sockaddr *)&address, sizeof address) == 0;
  if (!is_open || send(stream->fd, stream->request, stream->request_bytes, MSG_NOSIGNAL) < 0) {
    fail(stream, strerror(errno));
    return;
  }
  fcntl(stream->fd, F_SETFL, fcntl(stream->fd, F_GETFL) | O_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = stream};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, stream->fd, &event) != 0) die("epoll_ctl");
}

static void read_requests(void) {
  size_t bytes = 0;
  size_t room = 1 << 20;
  char *text = malloc(room);
  for (;;) {
    if (text == NULL) die("memory");
    size_t count = fread(text + bytes, 1, room - bytes, stdin);
    if (count == 0) break;
    bytes += count;
    if (bytes == room) text = realloc(text, room *= 2);
  }
  for (size_t at = 0; at < bytes; at++) stream_count += text[at] == 0;
  streams = calloc(stream_count + 1, sizeof *streams);
  if (streams == NULL) die("memory");
  const char *next = text;
  for (size_t index = 0; index < stream_count; index++) {
    streams[index].request = next;
    streams[index].request_bytes = strlen(next);
    next += streams[index].request_bytes + 1;
  }
}

static void say_at(const char *what, int64_t ns) {
  printf("%s %lld\n", what, (long long)ns);
  fflush(stdout);
}

static void look_for_late_ones(enum course course, int64_t now) {
  for (size_t index = 0; index < stream_count; index++) {
    struct stream *stream = &streams[index];
    if (stream->state == OPENED && now > stream->opened_ns + BEGIN_NS_MAX) fail(stream, "an answer did not begin");
    int is_late = course == DRAINING && now > to_ns + DRAIN_NS_MAX;
    if (stream->state == BEGUN && is_late) fail(stream, "an answer did not end");
  }
}

int main(int count, char **words) {
  if (count != 7) {
    fputs("paced-clients PORT AT_ONCE SETTLE_MS WINDOW_MS STOP_FILE AGES_FILE < requests\n", stderr);
    return 2;
  }
  int port = atoi(words[1]);
  size_t at_once = (size_t)atol(words[2]);
  int64_t settle_ns = atoll(words[3]) * NS_A_MS;
  int64_t window_ns = atoll(words[4]) * NS_A_MS;
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  int stop_file = open(words[5], O_RDWR);
  volatile int64_t *stop = mmap(NULL, sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, stop_file, 0);
  if (stop == MAP_FAILED) die(words[5]);
  read_requests();
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  enum course course = OPENING;
  size_t next = 0;
  int64_t look_ns = 0;
  for (;;) {
    int64_t now = now_ns();
    while (next < stream_count && waiting < at_once) open_stream(&streams[next++], port, epoll);
    if (course == OPENING && next == stream_count && waiting == 0) {
      from_ns = now + settle_ns;
      to_ns = *stop = from_ns + window_ns;
      course = SETTLING;
    }
    if (course == SETTLING && now >= from_ns) {
      say_at("from", from_ns);
      course = MEASURING;
    }
    if (course == MEASURING && now >= to_ns) {
      say_at("to", to_ns);
      course = DRAINING;
    }
    if (live == 0 && next == stream_count && course != OPENING) break;
    if (now > look_ns + LOOK_MS * NS_A_MS) {
      look_for_late_ones(course, now);
      look_ns = now;
    }
    int64_t due = course == SETTLING ? from_ns : course == MEASURING ? to_ns : now + LOOK_MS * NS_A_MS;
    int64_t wait_ms = (due - now + NS_A_MS - 1) / NS_A_MS;
    struct epoll_event events[EVENTS_MAX];
    int ready = epoll_wait(epoll, events, EVENTS_MAX, wait_ms > LOOK_MS ? LOOK_MS : (int)wait_ms);
    for (int index = 0; index < ready; index++) read_some(events[index].data.ptr);
  }
  FILE *file = fopen(words[6], "w");
  if (file == NULL || fwrite(ages, sizeof *ages, age_count, file) != age_count || fclose(file) != 0) die(words[6]);
  size_t whole = 0;
  for (size_t index = 0; index < stream_count; index++) whole += streams[index].state == WHOLE;
  printf("{\"whole\":%zu,\"failure\":\"%s\"}\n", whole, failure);
  return 0;
}
