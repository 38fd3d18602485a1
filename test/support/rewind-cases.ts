/**
 * What can be taken back of a conversation, case by case, as it was seen on the real CLIs. A case begins behind a whole
 * exchange ("start") and leaves one behind, so all can be played on one process. `test/real/rewind.test.ts` plays them
 * on the real CLIs, `rewinding-claude.test.ts` on the made-up one.
 */
import type { ToldBlock } from "./composed-request.ts";
import type { Rewinding } from "./rewinding.ts";

export type RewindVersion = "2.1.197" | "2.1.330";

export interface RewindCase {
  readonly name: string;
  /** Gives what the CLI answered to each rewind. */
  play(cli: Rewinding): Promise<readonly string[]>;
  readonly expected: Readonly<Record<RewindVersion, readonly string[]>>;
  /** What the model sees with the next prompt, "next". */
  readonly seen: Readonly<Record<RewindVersion, string>>;
  /** What the made-up CLI has against it, though a real one takes it. */
  readonly fault?: string;
}

const text = (words: string): ToldBlock => ({ type: "text", text: words });
const call = (id: string): ToldBlock => ({ type: "tool_use", id, name: "get_weather", input: {} });
const result = (id: string): ToldBlock => ({ type: "tool_result", tool_use_id: id, content: [text("r")] });
const both = <T>(value: T): Readonly<Record<RewindVersion, T>> => ({ "2.1.197": value, "2.1.330": value });
const running = { interrupt_if_running: true };
const answer = { allow_assistant_target: true };
const seeing = (uuid: string): { readonly last_seen_user_message_uuid: string } => ({ last_seen_user_message_uuid: uuid });

let ids = 0;
const newId = (): string => `toolu_told${++ids}`;

export const rewindCases: readonly RewindCase[] = [
  {
    name: "the last prompt, whatever is said to have been seen",
    play: async (cli) => {
      const first = await cli.ask("one");
      const second = await cli.ask("two");
      return [await cli.rewind(second, seeing("00000000-0000-4000-8000-000000000000")), await cli.rewind(first)];
    },
    expected: both(["rewound", "rewound"]),
    seen: both("start A next"),
  },
  {
    name: "several prompts at once, where the last was seen",
    play: async (cli) => {
      const [one, two, three] = [await cli.ask("one"), await cli.ask("two"), await cli.ask("three")];
      return [await cli.rewind(one), await cli.rewind(one, seeing(two)), await cli.rewind(one, seeing(three))];
    },
    expected: {
      "2.1.197": ["stale target", "stale target", "stale target"],
      "2.1.330": ["stale target", "unseen later turn", "rewound"],
    },
    seen: { "2.1.197": "start A one A two A three A next", "2.1.330": "start A next" },
  },
  {
    name: "a message that is not there",
    play: async (cli) => [await cli.rewind("00000000-0000-4000-8000-000000000000")],
    expected: both(["target not found"]),
    seen: both("start A next"),
  },
  {
    name: "a message by the beginning of its uuid",
    play: async (cli) => [await cli.rewind(`${(await cli.ask("one")).slice(0, 24)}000000000000`)],
    expected: both(["rewound"]),
    seen: both("start A next"),
  },
  {
    name: "a prompt with the results behind it",
    play: async (cli) => [await cli.rewind(await cli.ask("(calls)"))],
    expected: both(["rewound"]),
    seen: both("start A next"),
  },
  {
    name: "several prompts, where the last called tools",
    play: async (cli) => {
      const one = await cli.ask("one");
      const last = await cli.ask("(call)");
      return [await cli.rewind(one, seeing(last))];
    },
    expected: { "2.1.197": ["stale target"], "2.1.330": ["rewound"] },
    seen: { "2.1.197": "start A one A (call) A+C R A next", "2.1.330": "start A next" },
  },
  {
    name: "what is behind results",
    play: async (cli) => {
      await cli.ask("(call)");
      const [first] = cli.lines("assistant");
      const [behind] = cli.behindResults;
      return [
        await cli.rewind(first ?? "", answer), await cli.rewind(behind ?? ""), await cli.rewind(behind ?? "", answer),
      ];
    },
    expected: {
      "2.1.197": ["target not found", "target not found", "target not found"],
      "2.1.330": ["target not found", "target not found", "rewound"],
    },
    seen: { "2.1.197": "start A (call) A+C R A next", "2.1.330": "start A (call) A+C R+next" },
  },
  {
    name: "what is behind two results, over later prompts",
    play: async (cli) => {
      await cli.ask("(calls)");
      const [behind] = cli.behindResults;
      const last = await cli.ask("two");
      return [await cli.rewind(behind ?? "", answer), await cli.rewind(behind ?? "", { ...answer, ...seeing(last) })];
    },
    expected: { "2.1.197": ["target not found", "target not found"], "2.1.330": ["stale target", "rewound"] },
    seen: { "2.1.197": "start A (calls) A+C+C R+R A two A next", "2.1.330": "start A (calls) A+C+C R+R+next" },
  },
  {
    name: "results, and then their prompt",
    play: async (cli) => {
      const prompt = await cli.ask("(call)");
      const [results] = cli.lines("user");
      return [await cli.rewind(results ?? ""), await cli.rewind(prompt)];
    },
    expected: { "2.1.197": ["rewound", "rewound"], "2.1.330": ["target splits a tool call", "rewound"] },
    seen: both("start A next"),
  },
  {
    name: "the first of two results takes the second with it",
    play: async (cli) => {
      const prompt = await cli.ask("(calls)");
      const [first, second] = cli.lines("user");
      return [await cli.rewind(first ?? ""), await cli.rewind(second ?? ""), await cli.rewind(prompt)];
    },
    expected: {
      "2.1.197": ["rewound", "target not found", "rewound"],
      "2.1.330": ["target splits a tool call", "target splits a tool call", "rewound"],
    },
    seen: both("start A next"),
  },
  {
    name: "the second of two results, and then the prompt",
    play: async (cli) => {
      const prompt = await cli.ask("(calls)");
      return [await cli.rewind(cli.lines("user")[1] ?? ""), await cli.rewind(prompt)];
    },
    expected: { "2.1.197": ["rewound", "rewound"], "2.1.330": ["target splits a tool call", "rewound"] },
    seen: both("start A next"),
  },
  {
    name: "earlier results, over later ones of the same prompt",
    play: async (cli) => {
      const [one, two] = [newId(), newId()];
      const prompt = await cli.tell("one");
      cli.say([call(one)]);
      const first = await cli.tell([result(one)]);
      const second = cli.say([call(two)]);
      await cli.tell([result(two)]);
      cli.say([text("a")]);
      return [await cli.rewind(second, answer), await cli.rewind(first), await cli.rewind(prompt)];
    },
    expected: {
      "2.1.197": ["target not found", "rewound", "rewound"],
      "2.1.330": ["rewound", "target splits a tool call", "rewound"],
    },
    seen: both("start A next"),
  },
  {
    name: "told messages, one by one",
    play: async (cli) => {
      const id = newId();
      const first = await cli.tell("one");
      cli.say([call(id)]);
      const results = await cli.tell([result(id), text("beside")]);
      const behind = cli.say([text("a")]);
      const second = await cli.tell("two");
      const behindPrompt = cli.say([text("b")]);
      return [
        await cli.rewind(behindPrompt, answer), await cli.rewind(second), await cli.rewind(behind, answer),
        await cli.rewind(results), await cli.rewind(first),
      ];
    },
    expected: {
      "2.1.197": ["target not found", "rewound", "target not found", "rewound", "rewound"],
      "2.1.330": ["target not found", "rewound", "rewound", "target splits a tool call", "rewound"],
    },
    seen: both("start A next"),
  },
  {
    name: "told results are no prompt that has to be seen",
    play: async (cli) => {
      const id = newId();
      const prompt = await cli.tell("one");
      cli.say([call(id)]);
      await cli.tell([result(id)]);
      cli.say([text("a")]);
      return [await cli.rewind(prompt)];
    },
    expected: both(["rewound"]),
    seen: both("start A next"),
  },
  {
    name: "an empty message is one that has to be seen",
    play: async (cli) => {
      const prompt = await cli.tell("one");
      cli.say([text("a")]);
      const empty = await cli.tell([]);
      return [await cli.rewind(prompt), await cli.rewind(empty), await cli.rewind(prompt)];
    },
    expected: both(["stale target", "rewound", "rewound"]),
    seen: both("start A next"),
    fault: "was told an empty message",
  },
  {
    name: "a prompt whose answer is being written",
    play: async (cli) => {
      const prompt = await cli.begin("(held)", "text");
      return [await cli.rewind(prompt), await cli.rewind(prompt, running)];
    },
    expected: both(["turn running", "rewound"]),
    seen: both("start A next"),
  },
  {
    name: "a prompt that was written just now",
    play: async (cli) => [await cli.rewind(await cli.begin("(mute)", "nothing"), running)],
    expected: both(["rewound"]),
    seen: both("start A next"),
  },
  {
    name: "a prompt whose answer was interrupted",
    play: async (cli) => {
      const prompt = await cli.begin("(held)", "text");
      await cli.interrupt();
      return [await cli.rewind(prompt)];
    },
    expected: both(["rewound"]),
    seen: both("start A next"),
  },
  {
    name: "an earlier prompt, while an answer is being written",
    play: async (cli) => {
      const earlier = await cli.ask("one");
      const last = await cli.begin("(held)", "text");
      const first = await cli.rewind(earlier, { ...running, ...seeing(last) });
      return first === "rewound" ? [first] : [first, await cli.rewind(last), await cli.rewind(earlier)];
    },
    expected: { "2.1.197": ["stale target", "rewound", "rewound"], "2.1.330": ["rewound"] },
    seen: both("start A next"),
  },
  {
    name: "a prompt whose call waits for its result",
    play: async (cli) => {
      const prompt = await cli.begin("(calls)", "call");
      return [await cli.rewind(prompt), await cli.rewind(prompt, running)];
    },
    expected: both(["turn running", "rewound"]),
    seen: both("start A next"),
  },
  {
    name: "a prompt whose second call waits for its result",
    play: async (cli) => {
      const prompt = await cli.begin("(calls)", "call");
      await cli.answerCall();
      return [await cli.rewind(prompt, running)];
    },
    expected: both(["rewound"]),
    seen: both("start A next"),
  },
];
