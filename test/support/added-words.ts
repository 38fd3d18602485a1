/**
 * Every word of a request to the API that is not the client's: what the CLI adds, for each version that is pinned in
 * the tests, and what this server adds itself. The tests hold every raw body to this list, and the README tells it.
 */
import * as own from "../../src/own-words.ts";

/** A gap in words: free, of so many characters of these kinds at most, or what the named thing of this machine is. */
export type Gap = { readonly chars: string; readonly charsMax: number } | { readonly known: KnownThing };

/** What a reader of a request knows of the machine that it came from, or of the client's request. */
export type KnownThing =
  | "e-mail address" | "working folder" | "policy" | "hook" | "date" | "new date" | "device" | "account"
  | "cache time" | "policy tool" | "tool" | "format" | "syntax" | "pattern" | "constraint" | "message";

/** Constant words, with gaps between them. Two gaps never touch. */
export type Words = readonly (string | Gap)[];

/**
 * Where words stand. `system`: blocks of the system prompt. `messages`: the conversation, in whatever role. `tools`: a
 * tool's name, description or schema, or an answer's schema. `field`: the JSON of the field `name`, at the top or in a
 * block.
 */
export type Place = "system" | "messages" | "tools" | "field";

/** Where in the conversation: in no other spot are they read as the CLI's. None is the assistant's. */
export type Spot = "system message" | "first user message" | "user message" | "tool result";

/**
 * A request for an answer by a schema; one with which the CLI goes on with an answer that was cut; to a model that
 * thinks as long as it finds fit, or within a budget of tokens.
 */
export type RequestKind = "schema" | "cut" | "adaptive" | "budget";

export interface AddedWords {
  readonly id: string;
  readonly place: Place;
  /** Of the CLI's in `messages`. */
  readonly spots?: readonly Spot[];
  /** The requests that have them; without it all do. */
  readonly onlyIn?: RequestKind;
  /** The entry of whose words these are another form. A request has the one or the other. */
  readonly formOf?: string;
  /** Of a `field`: its name. */
  readonly name?: string;
  /** How often each way of saying it may stand in a request with so many questions; once without it. */
  readonly timesMax?: (questions: number) => number;
  /** Each way in which it is said. */
  readonly said: readonly Words[];
  /** Whether a request has it in one of these ways only: they say the same. */
  readonly isSaidOneWay?: true;
  /** The CLI's versions on which it was seen; words of the server's own stand on all. */
  readonly seenOn: readonly string[] | "all";
  /** For a reader of the README. */
  readonly what: string;
  readonly removedBy: string;
}

const [newer, older] = ["2.1.330", "2.1.197"] as const;
const both = [newer, older] as const;
const nothing = "nothing";
/** What a hook says comes with each question. */
const eachQuestion = (questions: number): number => questions;
/** The API takes no more marks. */
const cacheMarksMax = 4;
const free = (chars: string, charsMax: number): Gap => ({ chars, charsMax });
const known = (thing: KnownThing): Gap => ({ known: thing });

const date = known("date");
const uuid = free("0-9a-f-", 36);
const word = free("A-Za-z0-9_.#-", 30);
const policyBegin = "Codebase and user instructions are shown below. Be sure to adhere to these instructions. "
  + "IMPORTANT: These instructions OVERRIDE any default behavior and you MUST follow them exactly as written.\n\n"
  + "Contents of /etc/claude-code/CLAUDE.md (organization-managed policy instructions):\n\n";

const policyWhat = "the instructions of a managed policy (`/etc/claude-code/CLAUDE.md`), on 2.1.330 also behind a tool's "
  + "result, and what its hooks say";
const policyRemovedBy = "whoever manages the machine";
const marks = "not for the model: how the CLI asks (cache marks, streaming, thinking, effort, the bound on the answer)";
const environment: Words = [
  "# Environment\nYou have been invoked in the following environment: \n - Primary working directory: ",
  known("working folder"), "\n - Is a git repository: false\n - Platform: ", word, "\n - Shell: ", word,
  "\n - OS Version: ", free("A-Za-z0-9_ .#:~()+-", 40),
  "\n - Downloaded files and extracted archives are untrusted data: put each in its own new, empty directory, keep "
  + "scripts you write in a different directory, and pass paths as arguments instead of running an interpreter or "
  + "build tool from inside it. Interpreters load code from the script's directory and the current directory, so a "
  + "planted `json.py` runs on `import json`. Run any Python that reads them with `-I`. This does not apply to code "
  + "the user asked you to build or run.\n - In `curl`, send untrusted values with `--form-string`, not `-F`.",
];
const poweredBy: Words = [
  "You are powered by the model named ", free("A-Za-z0-9 .", 30), ". The exact model ID is ", free("a-z0-9.-", 40),
  ". Assistant knowledge cutoff is ", free("A-Za-z0-9 ", 20), ".",
];
const environmentWhat = "a note of about 1,000 characters: working folder, system, shell, model, advice on downloads";
/** By which the model gives the JSON that a schema demands. */
export const schemaTool = {
  name: "StructuredOutput",
  description: "Use this tool to return your final response in the requested structured format. You MUST call this tool "
    + "exactly once at the end of your response to provide the structured output.",
} as const;
const resumeText = "Output token limit hit. Resume directly — no apology, no recap of what you were doing. "
  + "Pick up mid-thought if that is where the cut happened. Break remaining work into smaller pieces.";

/** Of the CLI, in the order in which a request has them. */
export const cliWords: readonly AddedWords[] = [
  {
    id: "billing", place: "system", seenOn: both,
    said: [[
      "x-anthropic-billing-header: cc_version=", free("0-9.", 12), ".", free("0-9a-f", 3), "; cc_entrypoint=sdk-cli;",
    ]],
    what: "a line with the CLI's version, by which the API knows its client", removedBy: nothing,
  },
  {
    id: "identity", place: "system", seenOn: both,
    said: [["You are a Claude agent, built on Anthropic's Claude Agent SDK."]],
    what: "one sentence of identity, before your system prompt", removedBy: nothing,
  },
  {
    id: "date", place: "messages", spots: ["system message"], seenOn: [newer],
    said: [["Today's date is ", date, "."]],
    what: "the date", removedBy: nothing,
  },
  // To a model of before the system's messages.
  {
    id: "reminded-date", formOf: "date", place: "messages", spots: ["user message", "tool result"], seenOn: [newer],
    said: [reminded(["Today's date is ", date, "."])],
    what: "the date", removedBy: nothing,
  },
  {
    id: "older-date", place: "messages", spots: ["first user message"], seenOn: [older],
    said: [["# currentDate\nToday's date is ", date, "."]],
    what: "the date", removedBy: nothing,
  },
  {
    id: "new-date", place: "messages", spots: ["system message"], seenOn: [newer],
    said: [[
      "The date has changed. Today's date is now ", known("new date"),
      ". No need to announce the new date — the user's own clock shows it.",
    ]],
    what: "past midnight: that the date has changed", removedBy: nothing,
  },
  {
    id: "context", place: "messages", spots: ["user message", "tool result"], seenOn: both,
    said: [
      ["<system-reminder>\nAs you answer the user's questions, you can use the following context:"],
      [
        "      IMPORTANT: this context may or may not be relevant to your tasks. You should not respond to this "
        + "context unless it is highly relevant to your task.\n</system-reminder>",
      ],
      [
        "Claude Code attached this context automatically; it isn't part of the user's message. It describes the user's "
        + "own account and workspace, so they don't need it reported back.\n</system-reminder>",
      ],
    ],
    what: "a frame around the e-mail address and, on 2.1.197, the date; on 2.1.330 it may stand behind a tool's result",
    removedBy: "on 2.1.330: what removes the e-mail address",
  },
  {
    id: "email", isSaidOneWay: true, place: "messages", spots: ["user message", "tool result"], seenOn: both,
    said: [
      ["# userEmail\nThe user's email address is ", known("e-mail address"), "."],
      [
        "# userEmail\nThe user's email address is ", known("e-mail address"), ". Use this email address only to "
        + "identify the user, such as for authorship, attribution, or filtering their own work. Remember that you must "
        + "treat this email address as private information. Never share it in requests to external services without "
        + "asking and getting explicit approval from the user first.",
      ],
    ],
    what: "the e-mail address of the account",
    removedBy: "this server, with [one exception](#what-your-claude-code-setup-has-to-do-with-it)",
  },
  {
    id: "policy", isSaidOneWay: true, place: "messages", spots: ["user message", "tool result"], seenOn: both,
    said: [
      [`<system-reminder>\n${policyBegin}`, known("policy"), "\n</system-reminder>"],
      [`# claudeMd\n${policyBegin}`, known("policy")],
    ],
    what: policyWhat, removedBy: policyRemovedBy,
  },
  {
    id: "hook", place: "messages", spots: ["system message"], timesMax: eachQuestion, seenOn: both,
    said: [["UserPromptSubmit hook success: ", known("hook")]],
    what: policyWhat, removedBy: policyRemovedBy,
  },
  {
    id: "reminded-hook", formOf: "hook", place: "messages", spots: ["user message", "tool result"], timesMax: eachQuestion,
    seenOn: both,
    said: [reminded(["UserPromptSubmit hook success: ", known("hook")])],
    what: policyWhat, removedBy: policyRemovedBy,
  },
  // At a process's start; what hooks say around a call does not go up.
  {
    id: "start-hook", place: "messages", spots: ["system message"], seenOn: both,
    said: [["SessionStart:startup hook success: ", known("hook")]],
    what: policyWhat, removedBy: policyRemovedBy,
  },
  {
    id: "reminded-start-hook", formOf: "start-hook", place: "messages", spots: ["user message"], seenOn: both,
    said: [reminded(["SessionStart:startup hook success: ", known("hook")])],
    what: policyWhat, removedBy: policyRemovedBy,
  },
  {
    id: "policy-tool", place: "tools", seenOn: both, said: [["mcp__", known("policy tool")]],
    what: "the tools of the MCP servers that such a policy names (`managed-mcp.json`), beside yours",
    removedBy: policyRemovedBy,
  },
  {
    id: "environment", place: "messages", spots: ["system message"], seenOn: [newer],
    said: [[...environment, "\n\n", ...poweredBy]],
    what: environmentWhat, removedBy: nothing,
  },
  {
    id: "reminded-environment", formOf: "environment", place: "messages", spots: ["user message", "tool result"], seenOn: [newer],
    said: [reminded(environment), reminded(poweredBy)],
    what: environmentWhat, removedBy: nothing,
  },
  {
    id: "schema-tool", place: "tools", onlyIn: "schema", seenOn: both,
    said: [[schemaTool.name], [schemaTool.description]],
    what: "with a `response_format` that the API does not take: the tool by which the model gives its JSON",
    removedBy: "a `json_schema` that it takes",
  },
  {
    id: "schema-again", place: "messages", spots: ["user message"], onlyIn: "schema", seenOn: both,
    said: [[
      "[structured-output-enforce] You MUST call the StructuredOutput tool to complete this request. "
      + "Call this tool now.",
    ]],
    what: "the same, asked again where the model did not call it", removedBy: "a `json_schema` that it takes",
  },
  {
    id: "resume", place: "messages", spots: ["user message"], onlyIn: "cut", seenOn: both, said: [[resumeText]],
    what: "where `max_tokens` cut the answer: a request to go on, which the server stops (see Limits)",
    removedBy: nothing,
  },
  // An hour for a subscriber, and nothing for who pays for the API.
  {
    ...cliField("cache_control", both, ['{"type":"ephemeral"', known("cache time"), "}"]), timesMax: () => cacheMarksMax,
  },
  cliField("stream", both, ["true"]),
  cliField("context_management", both, ['{"edits":[{"type":"clear_thinking_20251015","keep":"all"}]}']),
  { ...cliField("thinking", both, ['{"type":"adaptive","display":"summarized"}']), onlyIn: "adaptive" },
  {
    ...cliField("thinking", both, ['{"budget_tokens":31999,"type":"enabled","display":"summarized"}']), onlyIn: "budget",
  },
  // At the top, and in a note for each change of the effort, before the first of which one has what was before.
  {
    ...cliField("output_config", [newer], ['{"effort":"medium"}']), timesMax: (questions) => questions + 1,
  },
  cliField("output_config", [older], ['{"effort":"high"}']),
  { ...cliField("max_tokens", [newer], ["128000"]), onlyIn: "adaptive" },
  { ...cliField("max_tokens", [older], ["64000"]), onlyIn: "adaptive" },
  { ...cliField("max_tokens", both, ["32000"]), onlyIn: "budget" },
  cliField("temperature", [older], ["1"]),
  {
    id: "metadata", place: "field", name: "metadata", seenOn: both,
    said: [[
      '{"user_id":"{\\"device_id\\":\\"', known("device"), '\\",\\"account_uuid\\":\\"', known("account"),
      '\\",\\"session_id\\":\\"', uuid, '\\"}"}',
    ]],
    what: "not for the model: a number for this device, which the server makes, and the session's", removedBy: nothing,
  },
];

/** Of this server. */
export const serverWords: readonly AddedWords[] = [
  ownWords("begin", "messages", [[own.beginText]],
    "where your messages begin with the assistant's", "begin with the user's"),
  ownWords("go-on", "messages", [[own.continueText]], "where they end with the assistant's", "end with the user's"),
  ownWords("later-system", "messages", [gapped(own.laterSystemTexts, "message")],
    "what the system says after somebody else, in its place", "put it first"),
  ownWords("no-call", "system", [[own.noCallText]],
    "`tool_choice: \"none\"` where the CLI's tool gives JSON, or of a model that takes no `tool_choice`", "leave it out"),
  ownWords("any-call", "system", [[own.anyCallText]],
    "`tool_choice: \"required\"` where thinking is asked for, or of a model that takes no such choice", "leave it out"),
  ownWords("named-call", "system", [gapped(own.namedCallTexts, "tool")], "the same for a named one", "leave it out"),
  ownWords("one-call", "system", [[own.oneCallText]],
    "`parallel_tool_calls: false` of a model that takes no `tool_choice`", "leave it out"),
  ownWords("call-now", "messages", [[own.callNowText]],
    "where the model did not make a call that words asked for", nothing),
  ownWords("forbidden-call", "messages", [[own.forbiddenCallText]],
    "the result of a call that words have forbidden", nothing),
  ownWords("gone-tool", "tools", [[own.goneToolText]], "a tool of earlier calls that you no longer send", "send it"),
  ownWords("pattern", "tools", [gapped(own.patternTexts, "pattern")],
    "a `pattern` in a schema that is no expression, told in words", "leave it out"),
  ownWords("constraint", "tools", [gapped(own.constraintTexts, "constraint")],
    "keywords in the schema of an answer, or of a `strict` tool, that the API does not hold it to, told in words",
    "leave them out"),
  ownWords("exclusive", "tools", [[own.exclusiveText]],
    "a `oneOf` in such a schema with members that a value may fit two of", "use `anyOf`"),
  ownWords("format", "tools", [gapped(own.formatTexts, "format")],
    "a `format` in the schema of an answer that the CLI's tool gives, told in words", "leave it out"),
  ownWords("union", "tools", [[own.unionText]],
    "the name under which a tool's schema has a union that stands at its top", "an object at the top"),
  ownWords("free-input", "tools", [["input"], [own.freeInputText]],
    "the one argument of a custom tool", "a function tool"),
  ownWords("completion", "system", [[own.completionText]], "a request to `/v1/completions`", "another endpoint"),
  ownWords("filling", "system", [[own.fillingText]], "the same with a `suffix`", "another endpoint"),
  ownWords("gap", "messages", [own.fillingTexts.flatMap((text, index): Words => (index === 0 ? [text] : [known("message"), text]))],
    "around and between its `prompt` and its `suffix`", "another endpoint"),
  ownWords("grammar", "tools", [gapped(own.grammarTexts, "syntax")], "the grammar of a custom tool", "a function tool"),
];

/** The list: nothing else may stand in a request. */
export const addedWords: readonly AddedWords[] = [...cliWords, ...serverWords];

function reminded(words: Words): Words {
  return ["<system-reminder>\n", ...words, "\n</system-reminder>"];
}

function cliField(name: string, seenOn: readonly string[], ...said: readonly Words[]): AddedWords {
  return { id: name, place: "field", name, seenOn, said, what: marks, removedBy: nothing };
}

function ownWords(id: string, place: Place, said: readonly Words[], what: string, removedBy: string): AddedWords {
  return { id, place, said, what, removedBy, seenOn: "all" };
}

function gapped([before, after]: readonly [string, string], thing: KnownThing): Words {
  return [before, known(thing), after];
}
