/*
 * A fake CLI that answers at the pace of a model, each text delta in the CLI's exact line form with the monotonic
 * clock's nanoseconds in its text (the clock of Node's process.hrtime). It is in C, because a thousand Node processes
 * would take the CPU that the server needs. It is started with stream-json on stdin, or with the prompt as the last
 * argument. In the prompt:
 *
 *     RATE n      so many deltas a second on average. They come in bursts of one to five, mostly of one, and the pause
 *                 before the next burst is 0.5 to 1.5 times what the rate asks for
 *     STEADY      bursts of one only
 *     SEED n      the bursts and pauses that are drawn: two fakes of one seed have the same
 *     STOP path   a file of eight bytes in this machine's order: the clock at which all answers end, 0 while nobody
 *                 knows. It is read as shared memory, so that looking costs nothing
 *     DELTAS n    without STOP: how many
 *
 * The last delta holds how many were before it ("n57 "), so that the reader can tell whether it has them all.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#ifdef __APPLE__
#define CLOCK CLOCK_MONOTONIC_RAW
#else
#define CLOCK CLOCK_MONOTONIC
#endif

#define NS_A_SECOND 1000000000LL
/* An answer that nobody stops ends then. */
#define ANSWER_NS_MAX (300 * NS_A_SECOND)

#define SESSION "\"session_id\":\"567370be-dae6-469f-853e-c0b9bb1b81e4\""
#define TAIL \
  SESSION ",\"parent_tool_use_id\":null," \
  "\"uuid\":\"cea7223b-0429-453c-829f-488542788240\",\"api_message_id\":\"msg_01paced\"}\n"
#define MESSAGE_START \
  "{\"type\":\"message_start\",\"message\":{\"id\":\"msg_01paced\",\"type\":\"message\",\"role\":\"assistant\"," \
  "\"model\":\"claude-fake-1\",\"content\":[],\"stop_reason\":null,\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}"
/* With a letter and a number as its arguments. */
#define TEXT_DELTA \
  "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"%c%lld \"}}"
#define MESSAGE_DELTA \
  "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null}," \
  "\"usage\":{\"output_tokens\":9}}"
#define RESULT \
  "{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,\"num_turns\":1,\"result\":\"\"," \
  "\"stop_reason\":\"end_turn\"," SESSION "," \
  "\"usage\":{\"input_tokens\":9,\"output_tokens\":9},\"modelUsage\":{}}\n"
/* With the request's id as its argument. */
#define CONTROL_RESPONSE \
  "{\"type\":\"control_response\",\"response\":{\"subtype\":\"success\",\"request_id\":\"%s\",\"response\":{" \
  "\"models\":[{\"value\":\"sonnet\",\"resolvedModel\":\"claude-fake-1\",\"displayName\":\"Fake\"}]," \
  "\"account\":{\"tokenSource\":\"made-up\"}}}}\n"
#define EVENT(inside) "{\"type\":\"stream_event\",\"event\":" inside "," TAIL

/* The CLI's answer to a message that asks nothing: a rehearsal's, or one of a history. */
#define ACKNOWLEDGED "{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,\"num_turns\":0}\n"

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK, &now);
  return (int64_t)now.tv_sec * NS_A_SECOND + now.tv_nsec;
}

static void say(const char *text) {
  size_t left = strlen(text);
  while (left > 0) {
    ssize_t taken = write(1, text, left);
    if (taken <= 0) exit(0);
    text += taken;
    left -= (size_t)taken;
  }
}

static long number_after(const char *word, const char *text, long otherwise) {
  const char *at = strstr(text, word);
  return at == NULL ? otherwise : strtol(at + strlen(word), NULL, 10);
}

/* The file after the word as shared memory; NULL where the prompt names none, or where it cannot be read. */
static const volatile int64_t *clock_after(const char *word, const char *text) {
  char path[512];
  const char *at = strstr(text, word);
  if (at == NULL || sscanf(at + strlen(word), "%511[^ \"]", path) != 1) return NULL;
  int file = open(path, O_RDONLY);
  if (file < 0) return NULL;
  void *memory = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
  close(file);
  return memory == MAP_FAILED ? NULL : memory;
}

/* From 0 to 1, by xorshift. */
static double drawn(uint64_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return (double)(*state >> 11) / 9007199254740992.0;
}

/* One to five, 1.55 on average. */
static int drawn_burst(uint64_t *state) {
  double draw = drawn(state);
  return draw < 0.7 ? 1 : draw < 0.85 ? 2 : draw < 0.93 ? 3 : draw < 0.97 ? 4 : 5;
}

static void sleep_until(int64_t due) {
  int64_t wait = due - now_ns();
  if (wait <= 0) return;
  struct timespec pause = {.tv_sec = wait / NS_A_SECOND, .tv_nsec = wait % NS_A_SECOND};
  nanosleep(&pause, NULL);
}

static void answer(const char *prompt) {
  double ns_a_delta = (double)NS_A_SECOND / (double)number_after("RATE ", prompt, 50);
  int is_steady = strstr(prompt, "STEADY") != NULL;
  const volatile int64_t *stop = clock_after("STOP ", prompt);
  long deltas_max = stop == NULL ? number_after("DELTAS ", prompt, 3) : LONG_MAX;
  /* A seed's first draws resemble those of its neighbours: they are thrown away. */
  uint64_t random = (uint64_t)number_after("SEED ", prompt, 1) * 0x9E3779B97F4A7C15u + 1;
  for (int draw = 0; draw < 8; draw++) drawn(&random);
  char line[512];
  say(EVENT(MESSAGE_START));
  say(EVENT("{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}"));
  int64_t due = now_ns();
  int64_t latest = due + ANSWER_NS_MAX;
  long deltas = 0;
  while (deltas < deltas_max) {
    sleep_until(due);
    int64_t end = stop == NULL || *stop == 0 ? latest : *stop;
    if (now_ns() >= end) break;
    int burst = is_steady ? 1 : drawn_burst(&random);
    for (int index = 0; index < burst && deltas < deltas_max; index++, deltas++) {
      snprintf(line, sizeof line, EVENT(TEXT_DELTA), 't', (long long)now_ns());
      say(line);
    }
    due += (int64_t)(burst * ns_a_delta * (0.5 + drawn(&random)));
  }
  snprintf(line, sizeof line, EVENT(TEXT_DELTA), 'n', (long long)deltas);
  say(line);
  say(EVENT("{\"type\":\"content_block_stop\",\"index\":0}"));
  say(EVENT(MESSAGE_DELTA));
  say(EVENT("{\"type\":\"message_stop\"}"));
  say(RESULT);
}

static void take(const char *message) {
  char reply[512];
  char id[128] = "";
  if (strstr(message, "\"type\":\"control_request\"") == NULL) {
    if (strstr(message, "\"type\":\"user\"") == NULL) return;
    // In a prompt the quotes would be escaped.
    if (strstr(message, "\"shouldQuery\":false") != NULL) say(ACKNOWLEDGED);
    else answer(message);
    return;
  }
  const char *at = strstr(message, "\"request_id\":\"");
  if (at != NULL) sscanf(at + strlen("\"request_id\":\""), "%127[^\"]", id);
  snprintf(reply, sizeof reply, CONTROL_RESPONSE, id);
  say(reply);
}

int main(int count, char **words) {
  int speaks_stream_json = 0;
  for (int index = 1; index < count; index++) {
    if (strcmp(words[index], "--version") == 0) {
      say("2.1.330 (Claude Code, made up for benchmarks)\n");
      return 0;
    }
    if (strcmp(words[index], "--input-format") == 0) speaks_stream_json = 1;
  }
  if (!speaks_stream_json) {
    answer(words[count - 1]);
    return 0;
  }
  char *line = NULL;
  size_t room = 0;
  while (getline(&line, &room, stdin) > 0) take(line);
  return 0;
}
