/** Who answers single questions, all with the same system prompt: two servers, and one process without any server. */
import { BareCli } from "./bare-cli.ts";
import { requestChat } from "./chat-request.ts";
import { freshServers } from "./fresh-servers.ts";
import type { BenchOptions } from "./options.ts";
import type { CliRun } from "./real-cli.ts";
import { type Scope, withScope } from "./scope.ts";
import { untilQuiet } from "./tree-usage.ts";

const system = "Be terse.";

/** One that can be asked. */
export interface Answerer {
  /** All of its processes are this one and its descendants. */
  readonly pid: number;
  /** How many of these are no CLI. */
  readonly serverProcesses: 0 | 1;
  /** Asks in a conversation of its own; resolves when the whole answer has been read. */
  ask(question: string): Promise<unknown>;
}

export interface Contestant {
  readonly name: string;
  /** Starts one and, but in a quick run, waits until it rests. It is ended with the scope. */
  start(scope: Scope, options: BenchOptions): Promise<Answerer>;
}

export interface Contestants {
  readonly contestants: readonly Contestant[];
  /** Whether this CLI takes back the first message of a conversation. */
  readonly canBeEmptied: boolean;
}

/** Our server, the reference, and, where this CLI can be emptied, one process driven by rewinds. */
export async function questionAnswerers(run: CliRun): Promise<Contestants> {
  const { scope, claude } = run;
  const servers = (await freshServers(run)).map(({ name, start }): Contestant => ({
    name,
    start: async (inner, options) => {
      const { pid, port } = await start(inner, options);
      return { pid, serverProcesses: 1, ask: (question) => requestChat(port, conversation(question)) };
    },
  }));
  const env = await run.environment();
  const canBeEmptied = await withScope(async (inner) => {
    const cli = new BareCli(inner, claude, env);
    await cli.firstTurn(system, "Can you be emptied?");
    return cli.takeBack();
  }, scope);
  const rewound: Contestant = {
    name: "one process, rewound",
    start: async (inner, options) => {
      const cli = new BareCli(inner, claude, env);
      await untilQuiet(cli.pid, options);
      return rewoundAnswerer(cli);
    },
  };
  return { contestants: canBeEmptied ? [...servers, rewound] : servers, canBeEmptied };
}

function conversation(question: string): object[] {
  return [{ role: "system", content: system }, { role: "user", content: question }];
}

/** It answers one after the other, however many ask at a time. */
function rewoundAnswerer(cli: BareCli): Answerer {
  let isEmpty = true;
  const askNext = async (question: string): Promise<unknown> => {
    if (isEmpty) {
      isEmpty = false;
      return cli.firstTurn(system, question);
    }
    if (!await cli.takeBack()) throw new Error("the CLI did not take its only message back");
    return cli.nextTurn(question);
  };
  let last: Promise<unknown> = Promise.resolve();
  return {
    pid: cli.pid,
    serverProcesses: 0,
    ask: (question) => {
      last = last.then(() => askNext(question));
      return last;
    },
  };
}
