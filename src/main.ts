#!/usr/bin/env node
/** The composition root: arguments and signals in, a listening server out. The only place that exits. */

import { totalmem } from "node:os";
import { parseConfig } from "./config/config.ts";
import { helpText } from "./config/help.ts";
import { type Config, ConfigError } from "./config/settings.ts";
import { type ClaudeMaxApi, createClaudeMaxApi, version } from "./index.ts";
import { collectorAtRest } from "./memory.ts";

/** Exit codes: 0 asked to end, 1 cannot run, 2 wrong usage, 130 ended in a hurry. */
const cannotRun = 1;
const wrongUsage = 2;
const hurried = 130;

async function main(): Promise<void> {
  const parsed = parseConfig(process.argv.slice(2), process.env, { totalMemoryBytes: totalmem() });
  if (parsed.kind === "help") return print(helpText());
  if (parsed.kind === "version") return print(`${version}\n`);
  const { config } = parsed;
  const server = createClaudeMaxApi(config, { environment: process.env, writeLog: (line) => process.stderr.write(`${line}\n`), onRest: collectorAtRest() });
  closeOnSignals(server);
  // Whoever read what is printed may go; the server stays.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  const { url } = await server.listen();
  print(`claude-max-api listens on ${url}\n`);
  print(greeting(url, config, await server.discovered()));
}

function greeting(url: string, config: Config, { installation, loggedIn }: Awaited<ReturnType<ClaudeMaxApi["discovered"]>>): string {
  const key = config.apiKey === undefined ? "" : ' -H "authorization: Bearer $CLAUDE_MAX_API_KEY"';
  return [
    config.demo ? "  Demo: a built-in stand-in answers in place of the Claude CLI. No model is asked."
      : installation?.kind === "found" ? `  Claude Code ${installation.version}${loggedIn === false ? ": not logged in; run `claude` and type /login." : ""}`
        : `  ${installation?.message}`,
    `  Clients: base URL ${url}/v1, ${config.apiKey === undefined ? "any API key" : "the API key you set"}. Try it:`,
    `  curl -N ${url}/v1/chat/completions${key} -H 'content-type: application/json' -d '{"model":"${config.defaultModel}","stream":true,"messages":[{"role":"user","content":"Hello!"}]}'`,
    "",
  ].join("\n");
}

/** The first signal ends in good order; the second at once. */
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
  // The terminal was closed.
  process.on("SIGHUP", onSignal);
}

function print(text: string): void {
  process.stdout.write(text);
}

function fail(error: unknown): void {
  const { code, message } = error as NodeJS.ErrnoException;
  const isUsage = error instanceof ConfigError;
  const mend = isUsage ? "Try --help."
    : code === "EADDRINUSE" ? "The port is in use: is another claude-max-api running? Take another with --port PORT (0 for any free one)."
      : code === "EACCES" ? "The port is not yours to open: take one above 1023 with --port PORT."
        : code === "EADDRNOTAVAIL" || code === "ENOTFOUND" ? "The address is not one of this machine: see --host." : "";
  const sentence = /[.?!]$/u.test(message) ? message : `${message}.`;
  process.stderr.write(`claude-max-api: ${[sentence, mend].join(" ").trimEnd()}\n`);
  process.exit(isUsage ? wrongUsage : cannotRun);
}

main().catch(fail);
