/*
 * A fake CLI that answers at a steady pace, each text delta in the CLI's exact line form with the monotonic clock's
 * nanoseconds in its text (the clock of Node's process.hrtime). It is in C, because two hundred Node processes would
 * take the CPU that the server needs. "DELTAS n EVERY ms" in the prompt. It is started with stream-json on stdin, or
 * with the prompt as the last argument.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef __APPLE__
#define CLOCK CLOCK_MONOTONIC_RAW
#else
#define CLOCK CLOCK_MONOTONIC
#endif

#define SESSION "\"session_id\":\"567370be-dae6-469f-853e-c0b9bb1b81e4\""
#define TAIL \
  SESSION ",\"parent_tool_use_id\":null," \
  "\"uuid\":\"cea7223b-0429-453c-829f-488542788240\",\"api_message_id\":\"msg_01paced\"}\n"
#define MESSAGE_START \
  "{\"type\":\"message_start\",\"message\":{\"id\":\"msg_01paced\",\"type\":\"message\",\"role\":\"assistant\"," \
  "\"model\":\"claude-fake-1\",\"content\":[],\"stop_reason\":null,\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}"
/* With the clock as its argument. */
#define TEXT_DELTA \
  "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"t%lld \"}}"
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
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
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

static void answer(const char *prompt) {
  long deltas = number_after("DELTAS ", prompt, 3);
  int64_t every_ns = number_after("EVERY ", prompt, 20) * (int64_t)1000000;
  char line[512];
  say(EVENT(MESSAGE_START));
  say(EVENT("{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}"));
  int64_t due = now_ns();
  for (long index = 0; index < deltas; index++) {
    int64_t wait = due - now_ns();
    if (wait > 0) {
      struct timespec pause = {.tv_sec = wait / 1000000000, .tv_nsec = wait % 1000000000};
      nanosleep(&pause, NULL);
    }
    due += every_ns;
    snprintf(line, sizeof line, EVENT(TEXT_DELTA), (long long)now_ns());
    say(line);
  }
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
