/**
 * What users of programs like this one have reported of them, what is right here, and the tests that hold it. The table
 * in test/README.md is made from here; reported-troubles.test.ts looks for each test by its name.
 */

export interface ReportedTrouble {
  /** What the client sends or does, or what the API answers. */
  readonly reported: string;
  /** What this server does. */
  readonly right: string;
  /** By the file, the tests' names as they stand in its source. */
  readonly heldBy: Readonly<Record<string, readonly string[]>>;
}

const chatApi = "test/api/openai";
const routes = "test/http/routes.test.ts";
const lenient = "test/real/lenient.test.ts";
const otherPlaces = "a developer's message, one behind a tool's result and one at the end stay in their places, for models by other programs' names";
const schemas = "test/real/schemas.test.ts";
const toolCheck = { "test/real/tool-check.test.ts": ["is served beside another, or refused by its name and place before the model is asked", "is served beside many others of its kind"] } as const;
const refusedAlike = {
  "test/real/refusals.test.ts": ["is told as test/README.md has it, by each API, streamed and whole"],
  "test/end-to-end/refusals.test.ts": ["${moment}: each API's client is told, streamed or whole"],
} as const;

/** The model is asked something else than the client said. */
const askedOtherwise: readonly ReportedTrouble[] = [
  {
    reported: "The address of the account goes to the model.",
    right: "It stays here, logged in by file or by token. Where only the user's own configuration has the login, `/health` says that it goes up.",
    heldBy: {
      "test/real/clean-home.test.ts": ["writes nothing there and tells nobody the account's address, names and numbers, logged in ${what}", "uses the user's configuration where the login is in it, and /health says what goes along"],
      "test/api/operations/health.test.ts": ["says that the account's address goes to the model, and what ends it"],
    },
  },
  {
    reported: "A history that the API refuses as too long is summarised behind the client's back.",
    right: "One request, and the refusal as it is.",
    heldBy: { "test/real/compaction.test.ts": ["a history that the API refuses as too long is asked once, and told as it is", "one that is too long by other words of the API's, or in another request, is not either: at most it is asked again for a shorter answer", "a conversation that has filled the window goes on whole: only the API knows when it is too long"] },
  },
  {
    reported: "A tool with `required: null` takes all tools away.",
    right: "Its schema is repaired, and all are served.",
    heldBy: { ...toolCheck, [schemas]: ["of ${toolsServed} tools of many generators all go up, each as it was repaired"], "test/schema/repair.test.ts": ["a property's schema is repaired"] },
  },
  {
    reported: "A tool of an older draft's schema (`exclusiveMinimum: true`, `items: [{…}]`, `type: \"any\"`) is left out.",
    right: "Its schema is repaired to 2020-12, or the request refused by the tool's name.",
    heldBy: { ...toolCheck, "test/schema/sources.test.ts": ["of ${source.name}"], "test/schema/repair.test.ts": ["a property's schema is repaired", "what can be no schema is refused by its place and its tool"] },
  },
  {
    reported: "A property whose schema is `true` takes all tools away.",
    right: "It is served as `{}`.",
    heldBy: { ...toolCheck, "test/schema/repair.test.ts": ["a property's schema is repaired"] },
  },
  {
    reported: "Tools named `constructor`, `ToolSearch` or `StructuredOutput` never arrive, or fail.",
    right: "They have other names upstream, and the client's in the answer.",
    heldBy: {
      [schemas]: ["of tools that the CLI keeps for itself, or fails for, are others upstream, and the client's in the answer", "of tools may be that of the CLI's own for an answer, where the answer has a schema"],
      "test/api/tool-names.test.ts": ["${name} is one that the CLI cannot serve, so that the model gets another"],
    },
  },
  {
    reported: "Property names such as `$top`, `filter[id]` or `Straße`, or of 70 letters, are refused.",
    right: "They are renamed upstream, and the client's own in arguments and documents.",
    heldBy: {
      [schemas]: ["of properties are the client's in arguments, and the process goes on with what the client sends back", "of an answer's document are the client's, and the conversation goes on"],
      "test/schema/property-names.test.ts": ["is renamed, and has the client's as its title: ${JSON.stringify(name)}", "are changed there and back in pieces of any length"],
    },
  },
  {
    reported: "A system message in the middle moves to the front, turn after turn.",
    right: "The leading ones are the system prompt; a later one stays in its place, marked, and the conversation keeps its process.",
    heldBy: {
      [lenient]: ["a system message in the middle stays there, turn after turn, on one process", otherPlaces],
      "test/end-to-end/later-system.test.ts": ["of a chat client that sends the whole history goes to the process that has it", "of a client that goes on from a stored response does too"],
      [`${chatApi}/conversation.test.ts`]: ["first is the system prompt; later it stays in its place, marked", "between two answers parts them, and behind the last asks for the next", "between a call and its result stands behind the result"],
    },
  },
  {
    reported: "A managed policy's words go to the model, and its hooks run.",
    right: "They do, as the machine's owner wants it; `/health` and the README say so. The user's own instructions, hooks, MCP servers, key helper and variables do not.",
    heldBy: {
      "test/real/lived-in-home.test.ts": [
        "serves chat and tools with the default options, and runs nothing of the home",
        "serves them under a managed policy, whose words go up and whose hook runs: it is the owner's",
        "serves them where that policy names the machine's MCP servers, whose tools go up too",
      ],
      "test/claude/managed-policy.test.ts": ["is found on ${platform} in each of its parts"],
      "test/api/operations/health.test.ts": ["says that a managed policy applies, and where it is"],
    },
  },
  {
    reported: "An image by URL is fetched in every later turn, and an expired link ends the conversation.",
    right: "It is fetched once, when it is new.",
    heldBy: {
      "test/end-to-end/images-by-url.test.ts": [
        "of the first of five turns is fetched once", "may expire once it was told: the conversation goes on", "may expire also where its process is gone: it is told anew from memory",
        "is one of twenty that are fetched for a request, however many its conversation has",
        "${where} is fetched once, and may expire then",
      ],
    },
  },
  {
    reported: "Numbers of 19 digits in a replayed call lose their last ones.",
    right: "They keep all of them.",
    heldBy: {
      [schemas]: ["and numbers of 19 digits in a replayed call and in a tool's result keep all of them", "and numbers of 19 digits in a call that the model has just made keep all of them"],
      "test/api/long-numbers.test.ts": ["are strings in the data of calls and results, and numbers everywhere else"],
    },
  },
  {
    reported: "A tool loop of a model that thinks with a budget goes on in a new process without its thoughts, and the API refuses it for good.",
    right: "The process is told the thoughts that the client gives back; where there are none, thinking is off for that loop.",
    heldBy: {
      "test/real/thoughts.test.ts": ["a tool loop without them goes on: without thinking, where the model thinks with a budget"],
      "test/real/tool-choice.test.ts": ["that demanded a call of a model with a thinking budget lets it go on without thinking: there is no thought before the call"],
      "test/claude/tool-loop.test.ts": ["lacks its thoughts: ${what}"],
    },
  },
];

/** The client is told something else than what happened. */
const toldOtherwise: readonly ReportedTrouble[] = [
  {
    reported: "The plan has no context as long as that (429, while the windows are open): the client is told to wait.",
    right: "`context_length_exceeded` in the API's words, and no retry.",
    heldBy: { ...refusedAlike, "test/claude/failure.test.ts": ["that only a long conversation runs up is one that is too long: ${text}"] },
  },
  {
    reported: "Extra usage is spent (400): the client is told that its request is wrong.",
    right: "`insufficient_quota`, and no retry.",
    heldBy: { ...refusedAlike, "test/claude/failure.test.ts": ["is one under any status that the API uses for it, and waiting is no advice: ${text}"] },
  },
  {
    reported: "A refusal after seconds comes in a stream that began with a 200, so that routers cannot fail over.",
    right: "It has its status: the head waits longer.",
    heldBy: {
      "test/real/ends.test.ts": ["that is refused after seconds, by the API itself or after the CLI has asked again, has its status in a stream too"],
      "test/end-to-end/refusals.test.ts": ["${moment}: each API's client is told, streamed or whole"],
    },
  },
  {
    reported: "A streamed response whose prompt is too long, or whose model is overloaded, is a bad request to Codex.",
    right: "`response.failed` with the code by which Codex compacts or waits.",
    heldBy: { ...refusedAlike, [`${chatApi}/responses/failure.test.ts`]: ["that Codex acts on only in a stream is told there, any other by its status"], "test/interop/codex-compaction.test.ts": ["Codex shortens a history that is too long, and goes on"] },
  },
  {
    reported: "A served model's name that no header can hold ends the server.",
    right: "It is percent-encoded in the header, and nothing ends.",
    heldBy: {
      "test/real/chat.test.ts": ["the name of the model that served is in a header, whatever signs it has"],
      "test/end-to-end/served-model-name.test.ts": ["with ${what}, ${stream ? \"told after the head's wait in a stream\" : \"in a whole answer\"}"],
      "test/http/header-value.test.ts": ["has every other character percent-encoded, and can be sent, whatever the text holds"],
    },
  },
  {
    reported: "The model mends its document: the first lacks a field, and the answer fails.",
    right: "The second document, where nothing was sent of the first.",
    heldBy: { "test/real/ends.test.ts": ["in a document that does not fit its schema is the next one, where nothing was sent of the first"], "test/claude/translate-blocks.test.ts": ["that is given twice is the second where nothing goes out before the end: it replaces the first"] },
  },
];

/** What clients usually write is refused. */
const usuallyRefused: readonly ReportedTrouble[] = [
  {
    reported: "Tools and parts as another API has them: a flat tool, `input_schema`, `input_text`, `tool_use`, `tool_result`.",
    right: "They are served as what they plainly mean.",
    heldBy: {
      [lenient]: ["Anthropic's parts, a flat tool twice, a png said to be anything, a router's name for the model"],
      [`${chatApi}/shapes.test.ts`]: ["a tool like ${looks} is served (${index})", "a part like ${looks} is taken (${index})", "a call written like ${looks} is one, and has its result (${index})", "every row of the table has an example here"],
    },
  },
  {
    reported: "A system message alone, or `instructions` with an empty `input`.",
    right: "It is asked as the user's message.",
    heldBy: { [lenient]: ["only a system message is asked, and instructions whose input is empty"], [`${chatApi}/conversation.test.ts`]: ["alone is asked as the user's message, its last: ${what}", "with the input ${JSON.stringify(input)} are asked as the user's message"] },
  },
  {
    reported: "The same tool twice.",
    right: "It is one.",
    heldBy: {
      [lenient]: ["Anthropic's parts, a flat tool twice, a png said to be anything, a router's name for the model"],
      [`${chatApi}/shapes.test.ts`]: ["is one, at the endpoint of ${endpoint} (${index})", "is one where it takes free text, or stands in a namespace"],
    },
  },
  {
    reported: "A PNG said to be `application/octet-stream` or `image/*`.",
    right: "Its bytes decide.",
    heldBy: {
      [lenient]: ["Anthropic's parts, a flat tool twice, a png said to be anything, a router's name for the model"],
      "test/api/image-block.test.ts": ["of ${type} said to be ${JSON.stringify(said)} is what it is", "is what its bytes are, whatever is said"],
    },
  },
  {
    reported: "A page of `app://obsidian.md`, `chrome-extension://…`, `vscode-webview://…`, `tauri://localhost` or `null`.",
    right: "With a right key it is served, and any refusal can be read; without one, where the owner has named it, `null` never.",
    heldBy: {
      "test/http/access.test.ts": [
        "is served with the right one, and told that another is wrong: ${JSON.stringify(origin)}", "that the owner named is let in, by nobody else: ${origin}", "that only resembles one that the owner named gets 403: ${JSON.stringify(origin)}",
      ],
      "test/http/server-access.test.ts": ["lets a page of ${origin} in, which can read too that it lacks one", "is served without a key, and no other"],
    },
  },
  {
    reported: "`http://[::1]:3456/health`, on a default start.",
    right: "Both loopback addresses answer.",
    heldBy: { "test/http/listeners.test.ts": ["answers on [::1] at the same port too, by one HTTP server", "the whole server answers on both, a stream too, and neither outlives it"] },
  },
  {
    reported: "`/v1//chat/completions`, `/v1/v1/chat/completions`.",
    right: "They are read as the path; where that cannot be, a 404 says what the base URL should be.",
    heldBy: { [routes]: ["${path} is read as ${name}", "${path} is not there, and what the base URL should be is told"] },
  },
  {
    reported: "The models `anthropic/claude-sonnet-4-5` and `claude-sonnet-4.5`.",
    right: "The model is served under its own name.",
    heldBy: { [lenient]: ["Anthropic's parts, a flat tool twice, a png said to be anything, a router's name for the model", otherPlaces], "test/engine/model-catalog.test.ts": ["${name} is the CLI's ${model}"] },
  },
  {
    reported: "Codex's histories with `local_shell_call` and `compaction`, its `tool_search`, and `/v1/responses/compact`.",
    right: "Told or passed over as they mean it; for the endpoint a 404 that says what to do instead.",
    heldBy: {
      [lenient]: ["Codex's shell history, a sealed compaction, and its search among tools, whose call comes back as one", "the histories of a shell, of a patch and of a tool that takes free text"],
      [`${chatApi}/shapes.test.ts`]: ["${what} are told as calls, at the endpoint of ${endpoint}", "${type} is passed over"],
      [routes]: ["of /v1/responses/compact say what to do instead, and nobody is sent there"],
      "test/interop/codex-tools.test.ts": ["Codex finds a tool of an MCP server by its search among tools, and calls it", "Codex goes on with a thread of an older version, in which the shell was a tool of OpenAI's"],
    },
  },
  {
    reported: "A preflight that asks for `openai-beta`, `anthropic-version` or `x-title`, from a page of this machine.",
    right: "They are allowed.",
    heldBy: { "test/http/access.test.ts": ["grant ${name}, which clients in browsers send, when asked for"], "test/http/server-access.test.ts": ["lets a page of this machine in, its preflight and its request"] },
  },
];

/** By what is wrong in them. */
export const reportedTroubles: Readonly<Record<string, readonly ReportedTrouble[]>> = {
  "the model is asked otherwise": askedOtherwise,
  "the client is told otherwise": toldOtherwise,
  "what is usual is refused": usuallyRefused,
};
