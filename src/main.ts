#!/usr/bin/env node
/** The program: reads arguments, environment and signals, and runs the server. Only this file exits the process. */

import { parseConfig } from "./config/config.ts";
import { helpText } from "./config/help.ts";
import { type Config, ConfigError } from "./config/settings.ts";
import { type ClaudeMaxApi, createClaudeMaxApi, type EngineStatus, version } from "./index.ts";
import { boundYoungGeneration, collectorAtRest, machineMemory } from "./memory.ts";

/** Exit codes: 0 after a signal, 1 when the server cannot run, 2 for wrong usage, 130 after a second signal. */
const cannotRun = 1;
const wrongUsage = 2;
const hurried = 130;

const demoNotice = "Demo: a built-in stand-in answers in place of the Claude CLI. No model is asked.";

const addressRemedy = "The address is not one of this machine: see --host.";
/** Advice for the user on the errors of `listen`, by Node's error code. */
const listenRemedies: Readonly<Record<string, string>> = {
  EADDRINUSE:
    "The port is in use: is another claude-max-api running? Take another with --port PORT (0 for any free one).",
  EACCES: "The port is not yours to open: take one above 1023 with --port PORT.",
  EADDRNOTAVAIL: addressRemedy,
  ENOTFOUND: addressRemedy,
};

async function main(): Promise<void> {
  const parsed = parseConfig(process.argv.slice(2), process.env, machineMemory());
  if (parsed.kind === "help") return print(helpText());
  if (parsed.kind === "version") return print(`${version}\n`);
  const { config } = parsed;
  boundYoungGeneration();
  const writeLog = (line: string) => process.stderr.write(`${line}\n`);
  const server = createClaudeMaxApi(config, { environment: process.env, writeLog, onRest: collectorAtRest() });
  closeOnSignals(server);
  // Without a listener, EPIPE (the reader of stdout or stderr has exited) would end the server.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  const { url } = await server.listen();
  print(`claude-max-api listens on ${url}\n`);
  print(greeting(url, config, await server.discovered()));
}

function greeting(url: string, config: Config, status: EngineStatus): string {
  const key = config.apiKey === undefined ? "" : ' -H "authorization: Bearer $CLAUDE_MAX_API_KEY"';
  const json = "-H 'content-type: application/json'";
  const body = `{"model":"${config.defaultModel}","stream":true,"messages":[{"role":"user","content":"Hello!"}]}`;
  return [
    `  ${config.demo ? demoNotice : cliNotice(status)}`,
    `  Clients: base URL ${url}/v1, ${config.apiKey === undefined ? "any API key" : "the API key you set"}. Try it:`,
    `  curl -N ${url}/v1/chat/completions${key} ${json} -d '${body}'`,
    "",
  ].join("\n");
}

function cliNotice({ installation, loggedIn }: EngineStatus): string {
  if (installation?.kind !== "found") return String(installation?.message);
  const login = loggedIn === false ? ": not logged in; run `claude` and type /login." : "";
  return `Claude Code ${installation.version}${login}`;
}

/** The first signal lets running answers finish, then exits. The second exits at once. */
function closeOnSignals(server: ClaudeMaxApi): void {
  let isClosing = false;
  const onSignal = (): void => {
    if (isClosing) {
      server.kill();
      process.exit(hurried);
    }
    isClosing = true;
    print("Ending: running answers may finish. Once more to end at once.\n");
    server.close().then(() => process.exit(0), fail);
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  // The system sends SIGHUP when the terminal is closed.
  process.on("SIGHUP", onSignal);
}

function print(text: string): void {
  process.stdout.write(text);
}

function fail(error: unknown): void {
  const { code, message } = error as NodeJS.ErrnoException;
  const isUsage = error instanceof ConfigError;
  const remedy = isUsage ? "Try --help." : listenRemedies[code ?? ""] ?? "";
  const sentence = /[.?!]$/u.test(message) ? message : `${message}.`;
  process.stderr.write(`claude-max-api: ${[sentence, remedy].join(" ").trimEnd()}\n`);
  process.exit(isUsage ? wrongUsage : cannotRun);
}

main().catch(fail);
