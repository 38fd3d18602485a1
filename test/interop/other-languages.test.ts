/**
 * HTTP clients of other languages, by their own HTTP library or over a bare socket: a whole answer, a stream and an error,
 * one after the other. Each prints what it read; what it should have read is judged here. What the machine does not have is skipped.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { judgeChatStream } from "../support/chat-wire.ts";
import { plainText, startInterop } from "../support/interop.ts";
import { openAiErrorOf } from "../support/openai-error.ts";
import { runProgram } from "../support/other-languages.ts";
import { claudeVersions } from "../support/real-claude.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const sources = fileURLToPath(new URL("../support/other-languages/", import.meta.url));
const runMsMax = 120_000;

interface Language {
  readonly name: string;
  /** What must be there, with an argument that makes it end well. */
  readonly needs: readonly [command: string, argument: string];
  /** What runs the client, before the client's own arguments. */
  readonly command: (t: TestContext) => Promise<readonly [string, ...string[]]>;
}

const languages: readonly Language[] = [
  { name: "Python's http.client", needs: ["python3", "--version"], command: () => Promise.resolve(["python3", join(sources, "client.py")]) },
  { name: "Perl over a socket", needs: ["perl", "-v"], command: () => Promise.resolve(["perl", join(sources, "client.pl")]) },
  { name: "Java's HttpClient", needs: ["javac", "-version"], command: () => Promise.resolve(["java", join(sources, "Client.java")]) },
  {
    name: "Rust over a socket", needs: ["rustc", "--version"],
    command: async (t) => {
      const program = join(await temporaryFolder(t), "client");
      const { status, stderr } = spawnSync("rustc", ["-o", program, join(sources, "client.rs")], { encoding: "utf8" });
      assert.equal(status, 0, stderr);
      return [program];
    },
  },
];

const isMissing = ([command, argument]: Language["needs"]): boolean => spawnSync(command, [argument]).status !== 0;

interface Frame {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}

/** What a client printed: a line with status, content type and length, and so many bytes, for each answer. */
function framesIn(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at < bytes.length;) {
    const lineEnd = bytes.indexOf("\n", at);
    const [, status, type = "", length] = /^(\d+) (.*) (\d+)$/u.exec(bytes.toString("latin1", at, lineEnd)) ?? assert.fail(bytes.toString());
    at = lineEnd + 1 + Number(length);
    frames.push({ status: Number(status), type, body: bytes.subarray(lineEnd + 1, at) });
  }
  return frames;
}

const messages = [{ role: "user", content: "Say hello: é \"😀\"." }];
const bodies = [{ model: "sonnet", messages }, { model: "sonnet", messages, stream: true }, { model: "no-such-model", messages, stream: true }, { model: "sonnet", messages }];

for (const { name, needs, command } of languages) {
  const skip = isMissing(needs) ? `this machine has no ${needs[0]}` : false;
  test(`${name} reads a whole answer, a stream and an error`, { skip, timeout: runMsMax }, async (t) => {
    const { url } = await startInterop(t, claudeVersions[0]);
    const { hostname, port } = new URL(url);
    const [program, ...leading] = await command(t);
    const frames = framesIn(await runProgram(program, [...leading, hostname, port, ...bodies.map((body) => JSON.stringify(body))], runMsMax));
    const [whole, streamed, refused, again] = frames;
    assert.deepEqual(frames.map(({ status, type }) => [status, type]), [
      [200, "application/json; charset=utf-8"], [200, "text/event-stream; charset=utf-8"], [404, "application/json; charset=utf-8"], [200, "application/json; charset=utf-8"],
    ]);
    for (const frame of [whole, again]) {
      const { choices: [choice] } = JSON.parse(String(frame?.body)) as { choices: { message: { content: string }; finish_reason: string }[] };
      assert.deepEqual([choice?.message.content, choice?.finish_reason], [plainText, "stop"]);
    }
    const judged = judgeChatStream(streamed?.body ?? assert.fail());
    assert.deepEqual([judged.text, judged.finish], [plainText, "stop"]);
    const { code, param } = openAiErrorOf(String(refused?.body));
    assert.deepEqual([code, param], ["model_not_found", "model"]);
  });
}
