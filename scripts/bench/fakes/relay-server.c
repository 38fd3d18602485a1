/*
 * The limit of what a server between a CLI and a socket can do: one process that reads each CLI's stdout and sends what
 * it read, as it is, to the client. It starts `claude --print PROMPT` for every request, with the last "content" of the
 * body as the prompt, which holds no escapes. It is a yardstick: a client that does not read would stop all others.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_BYTES (64 * 1024)
#define READ_BYTES (64 * 1024)
#define EVENTS_MAX 256
#define ANSWER_HEAD "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"

struct relay {
  int client;
  /* The CLI's stdout; -1 while the request is read. */
  int cli;
  char *request;
  size_t request_bytes;
};

extern char **environ;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void watch(int epoll, int fd, struct relay *relay) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = relay};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl");
}

static void end(struct relay *relay) {
  close(relay->client);
  if (relay->cli >= 0) close(relay->cli);
  free(relay->request);
  free(relay);
}

/* Gives the CLI's stdout, or -1. */
static int start_cli(char *prompt) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return -1;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  char *words[] = {"claude", "--print", prompt, NULL};
  pid_t pid;
  int problem = posix_spawnp(&pid, words[0], &actions, NULL, words, environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (problem == 0) return ends[0];
  close(ends[0]);
  return -1;
}

/* The prompt in the body, once the body is whole; NULL before. */
static char *prompt_of(char *request, size_t bytes) {
  char *head_end = strstr(request, "\r\n\r\n");
  char *length = strcasestr(request, "content-length: ");
  if (head_end == NULL || length == NULL) return NULL;
  char *body = head_end + 4;
  if (bytes - (size_t)(body - request) < strtoul(length + strlen("content-length: "), NULL, 10)) return NULL;
  const char *mark = "\"content\":\"";
  char *prompt = NULL;
  for (char *at = strstr(body, mark); at != NULL; at = strstr(at + 1, mark)) prompt = at + strlen(mark);
  if (prompt == NULL) return NULL;
  prompt[strcspn(prompt, "\"")] = 0;
  return prompt;
}

static void take_request(int epoll, struct relay *relay) {
  ssize_t count = read(relay->client, relay->request + relay->request_bytes, REQUEST_BYTES - relay->request_bytes);
  if (count <= 0) {
    end(relay);
    return;
  }
  relay->request_bytes += (size_t)count;
  char *prompt = prompt_of(relay->request, relay->request_bytes);
  if (prompt == NULL) return;
  relay->cli = start_cli(prompt);
  epoll_ctl(epoll, EPOLL_CTL_DEL, relay->client, NULL);
  if (relay->cli < 0 || send(relay->client, ANSWER_HEAD, strlen(ANSWER_HEAD), 0) < 0) {
    end(relay);
    return;
  }
  watch(epoll, relay->cli, relay);
}

static void pass_on(struct relay *relay) {
  static char bytes[READ_BYTES];
  ssize_t count = read(relay->cli, bytes, sizeof bytes);
  if (count <= 0 || send(relay->client, bytes, (size_t)count, 0) != count) end(relay);
}

static void take_client(int epoll, int listener) {
  int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  if (client < 0) return;
  int yes = 1;
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  struct relay *relay = malloc(sizeof *relay);
  if (relay == NULL) die("memory");
  *relay = (struct relay){.client = client, .cli = -1, .request = calloc(1, REQUEST_BYTES + 1)};
  if (relay->request == NULL) die("memory");
  watch(epoll, client, relay);
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  /* The CLIs are not waited for. */
  signal(SIGCHLD, SIG_IGN);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  struct sockaddr_in address = {.sin_family = AF_INET};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 511) != 0) die("listen");
  if (getsockname(listener, (struct sockaddr *)&address, &length) != 0) die("getsockname");
  printf("http://127.0.0.1:%d \n", ntohs(address.sin_port));
  fflush(stdout);
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  watch(epoll, listener, NULL);
  for (;;) {
    struct epoll_event events[EVENTS_MAX];
    int ready = epoll_wait(epoll, events, EVENTS_MAX, -1);
    for (int index = 0; index < ready; index++) {
      struct relay *relay = events[index].data.ptr;
      if (relay == NULL) take_client(epoll, listener);
      else if (relay->cli < 0) take_request(epoll, relay);
      else pass_on(relay);
    }
  }
}
