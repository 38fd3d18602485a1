/** Codex over a history that the API refuses as too long: it is told so in the words that it acts on, shortens the history and goes on. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runAgentCli } from "../support/agent-cli.ts";
import { errorAnswer, textAnswer } from "../support/anthropic-stub.ts";
import { obedientModel, startInterop, stepsOrder, suiteMsMax, upstreamMessages } from "../support/interop.ts";
import { claudeVersions } from "../support/real-claude.ts";
import { clients, installedFile, missing, setUpAgent } from "./clients.ts";

const runMsMax = 180_000;
const steps = 4;
/** The first history with so many results is too long. */
const resultsMax = 2;
const codex = installedFile("codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex");
/** A prompt that fails, and the next one of the same thread; what both say on stderr is theirs. */
const script = '"$0" -c sandbox_mode=danger-full-access exec --skip-git-repo-check "$1"; "$0" -c sandbox_mode=danger-full-access exec --skip-git-repo-check resume --last "Go on."';

test("Codex shortens a history that is too long, and goes on", { skip: missing(clients.codex.installedAs), timeout: suiteMsMax }, async (t) => {
  const { url, stub } = await startInterop(t, claudeVersions[0]);
  let refused: number | undefined;
  stub.respond = (request) => {
    const said = upstreamMessages(request.body);
    const results = said.filter((message) => message.startsWith("user: result")).length;
    if (refused === undefined && results >= resultsMax) {
      refused = request.index;
      return errorAnswer(400, "invalid_request_error", "prompt is too long: 300000 tokens > 200000 maximum");
    }
    return said.at(-1)?.includes("CONTEXT CHECKPOINT COMPACTION") === true ? textAnswer(["Some notes are written."]) : obedientModel(request);
  };
  const setup = setUpAgent(clients.codex, url);
  const note = (folder: string, step: number): string => join(folder, `note-${step}.txt`);
  const { stdout, folder } = await runAgentCli(t, {
    command: "/bin/sh", home: setup.home, env: setup.env,
    args: (work) => ["-c", script, codex, stepsOrder("exec_command", Array.from({ length: steps }, (_, step) => ({ cmd: `printf note > '${note(work, step)}'` })))],
  }, runMsMax);
  const after = stub.requests.slice((refused ?? assert.fail("nothing was refused")) + 1).map(({ body }) => upstreamMessages(body));
  assert.match(after[0]?.at(-1) ?? "", /CONTEXT CHECKPOINT COMPACTION/u, "the next request is the one for a summary: it was not asked again as it was");
  const [, goesOn = []] = after;
  assert.ok(goesOn.some((message) => message.includes("Some notes are written.")) && !goesOn.some((message) => message.startsWith("user: result")), "the history is the summary");
  assert.ok(stdout.includes("The tool said: "), stdout);
  for (let step = 0; step < steps; step++) assert.ok(existsSync(note(folder, step)), `note ${step}`);
});
