/** The clients that are tested here, and how each is told of the server: the README's table and the tests come from this one place. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The server's address in every configuration. A test puts its own server's there. */
export const documentedUrl = "http://127.0.0.1:3456";

export interface Client {
  /** As people call it. */
  readonly name: string;
  /** As it is installed by its users. */
  readonly package: string;
  /** The name in this folder's package.json, where it is another. */
  readonly installedAs?: string;
  readonly kind: "library" | "agent";
  /** What the tests here have done with it. */
  readonly verified: string;
  /** What it wants of the machine, beyond what this project does. */
  readonly needs?: string;
  readonly configuration: readonly ConfigurationPart[];
}

export interface ConfigurationPart {
  /** A file's path in the home, or `code`, or `shell`: variables a line, then the command, which takes the prompt as its last argument. */
  readonly where: "code" | "shell" | `~/${string}`;
  readonly language: "ts" | "json" | "yaml" | "toml" | "sh";
  readonly text: string;
}

/** A part for chat completions, and one for the Responses API where that is made otherwise. */
const code = (...texts: readonly string[]): readonly ConfigurationPart[] => texts.map((text) => ({ where: "code", language: "ts", text: text.trim() }));

const aiSdk = code(`
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";

const claude = createOpenAICompatible({
  name: "claude",
  baseURL: "http://127.0.0.1:3456/v1",
  includeUsage: true,
  supportsStructuredOutputs: true,
});
`, `
import { createOpenAI } from "@ai-sdk/openai";

// It speaks the Responses API.
const claude = createOpenAI({ baseURL: "http://127.0.0.1:3456/v1", apiKey: "unused" });
`);

const openAi = code(`
import OpenAI from "openai";

const client = new OpenAI({ baseURL: "http://127.0.0.1:3456/v1", apiKey: "unused" });
`);

export const clients = {
  openai7: {
    name: "openai (Node) 7", package: "openai", kind: "library",
    verified: "text, streams, `runTools`, `stream`, `parse`, models, errors; `completions`: text, streams, `suffix`, `echo`; `responses`: text, streams, tools, `stream`, `parse`, stored, errors", configuration: openAi,
  },
  openai6: {
    name: "openai (Node) 6", package: "openai", installedAs: "openai-6", kind: "library",
    verified: "text, streams, `runTools`, `stream`, `parse`, models, errors; `completions`: text, streams, `suffix`, `echo`; `responses`: text, streams, tools, `stream`, `parse`, stored, errors", configuration: openAi,
  },
  anthropic: {
    name: "Anthropic SDK (Node)", package: "@anthropic-ai/sdk", installedAs: "anthropic", kind: "library",
    verified: "`messages`: text, streams, `stream`, thinking, `toolRunner`, `parse`, `countTokens`, models, errors",
    configuration: code(`
import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ baseURL: "http://127.0.0.1:3456", apiKey: "unused" });
`),
  },
  aiSdk7: {
    name: "AI SDK 7", package: "ai", installedAs: "ai-7", kind: "library",
    verified: "`generateText`, `streamText`, tools, `generateObject`, by both providers", configuration: aiSdk,
  },
  aiSdk6: {
    name: "AI SDK 6", package: "ai", installedAs: "ai-6", kind: "library",
    verified: "`generateText`, `streamText`, tools, `generateObject`, by both providers", configuration: aiSdk,
  },
  aiSdk5: {
    name: "AI SDK 5", package: "ai", installedAs: "ai-5", kind: "library",
    verified: "`generateText`, `streamText`, tools, `generateObject`, by both providers", configuration: aiSdk,
  },
  langchain: {
    name: "LangChain", package: "@langchain/openai", kind: "library",
    verified: "`invoke`, `stream`, `bindTools`, `withStructuredOutput`, by both APIs",
    configuration: code(`
import { ChatOpenAI } from "@langchain/openai";

const model = new ChatOpenAI({
  model: "sonnet",
  apiKey: "unused",
  configuration: { baseURL: "http://127.0.0.1:3456/v1" },
});
`, `
import { ChatOpenAI } from "@langchain/openai";

const model = new ChatOpenAI({
  model: "sonnet",
  apiKey: "unused",
  configuration: { baseURL: "http://127.0.0.1:3456/v1" },
  useResponsesApi: true,
});
`),
  },
  agents: {
    name: "OpenAI Agents", package: "@openai/agents", kind: "library",
    verified: "`run`, streamed `run`, tools, `outputType`, by both APIs",
    configuration: code(`
import OpenAI from "openai";
import { OpenAIChatCompletionsModel } from "@openai/agents";

const model = new OpenAIChatCompletionsModel(
  new OpenAI({ baseURL: "http://127.0.0.1:3456/v1", apiKey: "unused" }),
  "sonnet",
);
`, `
import OpenAI from "openai";
import { OpenAIResponsesModel } from "@openai/agents";

const model = new OpenAIResponsesModel(
  new OpenAI({ baseURL: "http://127.0.0.1:3456/v1", apiKey: "unused" }),
  "sonnet",
);
`),
  },
  llamaIndex: {
    name: "LlamaIndex.TS", package: "@llamaindex/openai", kind: "library",
    verified: "`chat`, streamed `chat`, `exec` with tools, `responseFormat`",
    configuration: code(`
import { openai } from "@llamaindex/openai";

const llm = openai({ model: "sonnet", apiKey: "unused", baseURL: "http://127.0.0.1:3456/v1" });
`),
  },
  instructor: {
    name: "Instructor", package: "@instructor-ai/instructor", kind: "library",
    verified: "modes `TOOLS`, `FUNCTIONS`, `JSON`, `JSON_SCHEMA`, streams",
    configuration: code(`
import OpenAI from "openai";
import createInstructor from "@instructor-ai/instructor";

const client = createInstructor({
  client: new OpenAI({ baseURL: "http://127.0.0.1:3456/v1", apiKey: "unused" }),
  mode: "TOOLS",
});
`),
  },
  claudeCode: {
    name: "Claude Code", package: "@anthropic-ai/claude-code", installedAs: "claude-code-2.1.330", kind: "agent",
    verified: "an answer, a tool call that writes a file",
    configuration: [
      {
        where: "shell", language: "sh",
        text: `export ANTHROPIC_BASE_URL=http://127.0.0.1:3456
export ANTHROPIC_API_KEY=unused
claude --model sonnet --permission-mode acceptEdits -p`,
      },
    ],
  },
  continue: {
    name: "Continue CLI", package: "@continuedev/cli", kind: "agent", verified: "an answer, a tool call that writes a file",
    configuration: [
      {
        where: "~/.continue/config.yaml", language: "yaml",
        text: `name: claude
version: 1.0.0
schema: v1
models:
  - name: Claude
    provider: openai
    model: sonnet
    apiBase: http://127.0.0.1:3456/v1
    apiKey: unused
    roles: [chat, edit, apply]
    capabilities: [tool_use]`,
      },
      { where: "shell", language: "sh", text: "cn --auto -p" },
    ],
  },
  pi: {
    name: "pi", package: "@mariozechner/pi-coding-agent", kind: "agent", verified: "an answer, a tool call that writes a file",
    configuration: [
      {
        where: "~/.pi/agent/models.json", language: "json",
        text: `{
  "providers": {
    "claude": {
      "baseUrl": "http://127.0.0.1:3456/v1",
      "api": "openai-completions",
      "apiKey": "unused",
      "models": [{ "id": "sonnet" }]
    }
  }
}`,
      },
      { where: "shell", language: "sh", text: "pi --model claude/sonnet -p" },
    ],
  },
  qwen: {
    name: "Qwen Code", package: "@qwen-code/qwen-code", kind: "agent", verified: "an answer, a tool call that writes a file",
    needs: "that no `HTTP_PROXY` is set: it would use that for localhost too",
    configuration: [
      {
        where: "~/.qwen/settings.json", language: "json",
        text: `{
  "security": { "auth": { "selectedType": "openai" } },
  "privacy": { "usageStatisticsEnabled": false },
  "general": { "enableAutoUpdate": false }
}`,
      },
      {
        where: "shell", language: "sh",
        text: `export OPENAI_BASE_URL=http://127.0.0.1:3456/v1
export OPENAI_API_KEY=unused
export OPENAI_MODEL=sonnet
qwen --approval-mode auto-edit`,
      },
    ],
  },
  openClaw: {
    name: "OpenClaw", package: "openclaw", kind: "agent", verified: "an answer, a tool call that writes a file",
    needs: "Node 24.16 or newer",
    configuration: [
      {
        where: "~/.openclaw/openclaw.json", language: "json",
        text: `{
  "models": {
    "providers": {
      "claude": {
        "baseUrl": "http://127.0.0.1:3456/v1",
        "apiKey": "unused",
        "api": "openai-completions",
        "models": [{ "id": "sonnet", "name": "Sonnet" }]
      }
    }
  },
  "agents": { "defaults": { "model": { "primary": "claude/sonnet" } } }
}`,
      },
      { where: "shell", language: "sh", text: "openclaw agent exec" },
    ],
  },
  codex: {
    name: "Codex CLI", package: "@openai/codex", installedAs: "codex-linux-x64", kind: "agent",
    verified: "an answer, a tool call that writes a file: a function's, and `apply_patch` (with `--alias gpt-5.5=sonnet`)",
    configuration: [
      {
        where: "~/.codex/config.toml", language: "toml",
        text: `model = "sonnet"
model_context_window = 200000
model_provider = "claude"
sandbox_mode = "workspace-write"

[model_providers.claude]
name = "Claude"
base_url = "http://127.0.0.1:3456/v1"
wire_api = "responses"`,
      },
      { where: "shell", language: "sh", text: "codex exec --skip-git-repo-check" },
    ],
  },
  opencode: {
    name: "opencode", package: "opencode-ai", installedAs: "opencode-linux-x64", kind: "agent", verified: "an answer, a tool call that writes a file",
    configuration: [
      {
        where: "~/.config/opencode/opencode.json", language: "json",
        text: `{
  "$schema": "https://opencode.ai/config.json",
  "provider": {
    "claude": {
      "npm": "@ai-sdk/openai-compatible",
      "name": "Claude",
      "options": { "baseURL": "http://127.0.0.1:3456/v1" },
      "models": { "sonnet": { "name": "Sonnet" } }
    }
  }
}`,
      },
      { where: "shell", language: "sh", text: "opencode run --model claude/sonnet" },
    ],
  },
  cline: {
    name: "Cline CLI", package: "cline", installedAs: "@cline/cli-linux-x64", kind: "agent", verified: "an answer, a tool call that writes a file",
    configuration: [
      {
        where: "~/.cline/data/settings/providers.json", language: "json",
        text: `{
  "version": 1,
  "lastUsedProvider": "openai-compatible",
  "providers": {
    "openai-compatible": {
      "settings": {
        "provider": "openai-compatible",
        "baseUrl": "http://127.0.0.1:3456/v1",
        "apiKey": "unused",
        "model": "sonnet"
      },
      "updatedAt": "2026-01-01T00:00:00.000Z",
      "tokenSource": "manual"
    }
  }
}`,
      },
      { where: "shell", language: "sh", text: "cline --provider openai-compatible --model sonnet" },
    ],
  },
  copilot: {
    name: "GitHub Copilot CLI", package: "@github/copilot", installedAs: "@github/copilot-linux-x64", kind: "agent",
    verified: "an answer, a tool call that writes a file",
    configuration: [
      {
        where: "shell", language: "sh",
        text: `export COPILOT_PROVIDER_BASE_URL=http://127.0.0.1:3456/v1
export COPILOT_MODEL=sonnet
copilot --allow-all-tools -s -p`,
      },
    ],
  },
} as const satisfies Readonly<Record<string, Client>>;

/** For how long `late-heads.test.ts` holds a head back in CI: a second longer than a stream's waits for the first piece (`--head-wait`). */
export const shortHeadSeconds = 16;
/** With `--whole`: twice as long as it waits at most, which is while the CLI asks the API again. */
export const longHeadSeconds = 65;

export interface GivenUp { readonly givesUpAfterSeconds: number; readonly asksAgain: boolean }

/** What a client was seen to do about a head that is held back for so many seconds: it waits, or gives up. */
export type HeadWait = { readonly heldSeconds: number } | GivenUp;

/** As measured; a client that is not here was not. */
export const headWaits: Readonly<Partial<Record<keyof typeof clients, HeadWait>>> = {
  openai7: { heldSeconds: longHeadSeconds },
  openai6: { heldSeconds: longHeadSeconds },
  anthropic: { heldSeconds: longHeadSeconds },
  aiSdk7: { heldSeconds: longHeadSeconds },
  aiSdk6: { heldSeconds: longHeadSeconds },
  aiSdk5: { heldSeconds: longHeadSeconds },
  langchain: { heldSeconds: longHeadSeconds },
  agents: { heldSeconds: longHeadSeconds },
  llamaIndex: { givesUpAfterSeconds: 60, asksAgain: true },
  instructor: { heldSeconds: longHeadSeconds },
  continue: { heldSeconds: longHeadSeconds },
  pi: { heldSeconds: longHeadSeconds },
  qwen: { heldSeconds: longHeadSeconds },
  openClaw: { heldSeconds: longHeadSeconds },
  codex: { heldSeconds: longHeadSeconds },
  opencode: { heldSeconds: longHeadSeconds },
  cline: { heldSeconds: longHeadSeconds },
  copilot: { heldSeconds: longHeadSeconds },
};

/** A module of this folder's node_modules. Its types are not installed where the project is checked, so it has none. */
export function load(specifier: string): Promise<any> {
  return import(specifier);
}

/** Why a test of these packages is skipped here, or false. CI installs them all. */
export function missing(...packages: readonly string[]): string | false {
  const absent = packages.find((name) => !existsSync(installedFile(`${name}/package.json`)));
  return absent === undefined ? false : `${absent} is not installed for this platform`;
}

/** The APIs by which a library is tested, in the order of the parts of its configuration. */
export const apis = ["chat completions", "the Responses API"] as const;

/** Runs a library's documented code for that API against that server and gives the constant that it makes; `installedAs` maps packages to names in this folder. */
export async function configure(client: Client, url: string, installedAs: Readonly<Record<string, string>> = {}, api: (typeof apis)[number] = apis[0]): Promise<any> {
  const part = client.configuration[apis.indexOf(api)];
  if (part?.language !== "ts") throw new Error(`${client.name} is not configured by code`);
  const scope: Record<string, unknown> = {};
  const body = part.text.replaceAll(documentedUrl, url).split("\n").filter((line) => !line.startsWith("import ")).join("\n");
  for (const [, whole, names, from = ""] of part.text.matchAll(/^import (?:(\w+)|\{ ([\w, ]+) \}) from "([^"]+)";$/gm)) {
    const module = await load(installedAs[from] ?? from) as Record<string, unknown>;
    if (whole !== undefined) scope[whole] = module["default"];
    for (const name of names?.split(", ") ?? []) scope[name] = module[name];
  }
  const made = /^const (\w+) = /m.exec(body)?.[1] ?? "";
  return new Function(...Object.keys(scope), `${body}\nreturn ${made};`)(...Object.values(scope));
}

export interface AgentSetup {
  /** The home's files by their paths in it. */
  readonly home: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  /** Of the documented command, without its name; the prompt follows. */
  readonly args: readonly string[];
}

/** An agent's documented configuration for that server. */
export function setUpAgent({ configuration }: Client, url: string): AgentSetup {
  const home: Record<string, string> = {};
  const env: Record<string, string> = {};
  let args: readonly string[] = [];
  for (const { where, text } of configuration) {
    const here = text.replaceAll(documentedUrl, url);
    if (where !== "shell") {
      home[where.replace(/^~\//u, "")] = `${here}\n`;
      continue;
    }
    for (const line of here.split("\n")) {
      const [, name, value = ""] = /^export (\w+)=(.*)$/u.exec(line) ?? [];
      if (name === undefined) args = line.split(" ").slice(1);
      else env[name] = value;
    }
  }
  return { home, env, args };
}

/** A file of an installed package, absolute. */
export function installedFile(path: string): string {
  return fileURLToPath(new URL(`node_modules/${path}`, import.meta.url));
}
