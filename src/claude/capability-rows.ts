/** All that the server uses of the CLI, a row each: how it is learnt, what for, and what happens without it. */

export type RewindName = "rewindSteps" | "rewindMany" | "rewindToEmpty" | "answerTarget";
/** An ability that some served versions of the CLI lack. */
export type CapabilityName = RewindName | "setModel";
/** A feature without which a CLI is refused. Every served version has it. */
export type NeedName = "history" | "clientTools" | "toolNames" | "settings" | "thinking" | "extraBody";
/** A feature that no request depends on, or that only a whole request shows. */
export type FurtherName =
  "systemPrompt" | "schemaTool" | "longParameters" | "toldThinking" | "interrupt" | "usage" | "windows"
  | "contextUsage" | "modelLimits";

/** A row's name as a person reads it, in `/health` and in errors. */
export function reportName(name: string): string {
  return name.replace(/[A-Z]/gu, (letter) => `_${letter.toLowerCase()}`);
}

/** One thing that the CLI can do or not. */
export interface FeatureRow<Name extends string = CapabilityName | NeedName | FurtherName> {
  readonly name: Name;
  /** How the server finds out whether the CLI can do it. */
  readonly learnt: string;
  /** What the server uses the ability for. */
  readonly purpose: string;
  /** What happens where the CLI cannot do it. */
  readonly without: string;
}

const onlyByMatrix = "Not by the server: by the turns of `scripts/compat.ts`.";

/** What a CLI must do. */
export const needRows: readonly FeatureRow<NeedName>[] = [
  {
    name: "history",
    learnt: "The probe tells a made-up history. Each prompt is acknowledged, and nothing is asked.",
    purpose: "Earlier turns reach the model in their true roles, calls and results too.",
    without: "The CLI is refused.",
  },
  {
    name: "clientTools",
    learnt: "The probe serves a tool over the control channel, and the CLI lists it.",
    purpose: "The model sees the client's tools as real ones; a call waits for the client's result.",
    without: "The CLI is refused.",
  },
  {
    name: "toolNames",
    learnt: "The CLI lists the probe's tool under the name that it was given, not as `mcp__client__NAME`.",
    purpose: "The model sees the names of the client's tools as they are.",
    without: "The CLI is refused.",
  },
  {
    name: "settings",
    learnt: "The probe sends `apply_flag_settings`, and the CLI takes it.",
    purpose: "Output limit, effort, and the API's own parameters, told anew for each turn.",
    without: "The CLI is refused.",
  },
  {
    name: "thinking",
    learnt: "The probe sends `set_max_thinking_tokens` with `thinking_display`, and the CLI takes it.",
    purpose: "The thinking budget of a turn, and thoughts that are shown.",
    without: "The CLI is refused.",
  },
  {
    name: "extraBody",
    learnt: "In each turn that depends on it: a forced call comes, an answer by the API's format is JSON.",
    purpose: "Parameters of the API that the CLI has no option for: sampling, stops, tool choice, formats, tools.",
    without: "`/health` and the log say so. A turn whose forced call did not come fails with an error that names it.",
  },
];

/** What a CLI may lack: each differs between versions that are served. */
export const capabilityRows: readonly FeatureRow<CapabilityName>[] = [
  {
    name: "rewindSteps",
    learnt: "The probe takes back the last of three told prompts, and that prompt is then gone.",
    purpose: "An edit, a branch, a stopped or failed turn: the process is moved to where the request's history stands.",
    without: "The process is ended, and another is told the whole history.",
  },
  {
    name: "rewindMany",
    learnt: "The probe takes back both told prompts that are left, in one request that names the last.",
    purpose: "A branch many turns back takes one request.",
    without: "The prompts are taken back one by one, with a request each.",
  },
  {
    name: "rewindToEmpty",
    learnt: "The probe takes back the first told prompt.",
    purpose: "A new conversation, or a first turn again, gets a process that has had another of the same beginning.",
    without: "A new conversation gets a warm or a new process.",
  },
  {
    name: "answerTarget",
    learnt: "The probe takes back a told answer behind a told result, with `allow_assistant_target`.",
    purpose: "An agent's last step is taken back; the results before it, and the text that it sent with them, stay.",
    without: "All goes back to the prompt that the results belong to, or to the text sent with the last ones.",
  },
  {
    name: "setModel",
    learnt: "The probe sets another model behind a told prompt, which can then be taken back: it is still the last.",
    purpose: "A process that has no message serves each model that the CLI lists: a warm one, or one that was emptied.",
    without: "Each model has warm processes of its own, and a process serves the model that it was started with.",
  },
];

/** What a whole request shows, and `scripts/compat.ts` has looked at. */
export const furtherRows: readonly FeatureRow<FurtherName>[] = [
  {
    name: "systemPrompt",
    learnt: onlyByMatrix,
    purpose: "A list in `initialize` stands in place of the CLI's own system prompt.",
    without: "The model would read some 15,000 bytes of the CLI's own: 2.1.100 and older, which are refused.",
  },
  {
    name: "schemaTool",
    learnt: onlyByMatrix,
    purpose: "A JSON answer without a schema, or with one that the API does not compile: by a tool of the CLI's own.",
    without: "Such an answer fails. One with a schema that the API compiles does not need the tool.",
  },
  {
    name: "longParameters",
    learnt: onlyByMatrix,
    purpose: "Whole tool definitions and schemas of up to 100,000 bytes among the API's parameters.",
    without: "The CLI cuts long descriptions; a schema goes by the CLI's own tool.",
  },
  {
    name: "toldThinking",
    learnt: onlyByMatrix,
    purpose: "A told answer keeps its signed thinking, where it names the model's id.",
    without: "A model that is told a history lacks its earlier thoughts.",
  },
  {
    name: "interrupt",
    learnt: onlyByMatrix,
    purpose: "A turn that its client has left, or that met a stop of white space, ends at once.",
    without: "Its process is ended.",
  },
  {
    name: "usage",
    learnt: onlyByMatrix,
    purpose: "The tokens of an answer, as the API counts them.",
    without: "An answer says 0 tokens.",
  },
  {
    name: "windows",
    learnt: "By the first `rate_limit_event` of an answer.",
    purpose: "The subscription's window in `/health` and in response headers.",
    without: "They do not have it.",
  },
  {
    name: "contextUsage",
    learnt: "By the first count that a client asks for.",
    purpose: "The tokens of a request that is not asked (`get_context_usage`).",
    without: "`/v1/messages/count_tokens` is a 501.",
  },
  {
    name: "modelLimits",
    learnt: "By the `modelUsage` with which an answer ends.",
    purpose: "A model's context window and longest answer in `/v1/models`.",
    without: "They are left out, as before a model's first answer.",
  },
];
