/** The home of somebody who has used Claude Code for a year: all in it could reach a prompt, or start a program. */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { accountFiles, emailAddress } from "./lived-in-account.ts";
import { settingsFiles } from "./lived-in-settings.ts";
import { policyHookWords, policyMark } from "./managed-policy.ts";
import { platformEnvironment } from "./real-claude.ts";

/** What stands in every text of the home: none of it may go up. */
export const homeWord = "heliotrope";

export interface LivedInHome {
  readonly environment: Readonly<Record<string, string>>;
  /** The account's address, which the CLI tells the model when the login is a file. */
  readonly emailAddress: string;
  /** A command that leaves a mark by this name. */
  markCommand(name: string): string;
  /** What has run: a hook, an MCP server, a key helper leaves its name. */
  marks(): string[];
}

/** Makes the home below `folder`, which is empty. The server's working folder is to be made below its `TMPDIR`. */
export function makeLivedInHome(stubUrl: string, folder: string): LivedInHome {
  const [home, temporary, marks] = [join(folder, "home"), join(folder, "tmp"), join(folder, "marks")];
  const marker = join(folder, "mark.mjs");
  for (const path of [home, temporary, marks]) mkdirSync(path, { recursive: true });
  const markCommand = (name: string): string => `"${process.execPath}" "${marker}" ${name}`;
  const files = {
    [marker]: markScript(marks),
    ...within(home, accountFiles([folder, temporary, home], { command: process.execPath, script: marker })),
    ...within(join(home, ".claude"), settingsFiles(join(home, ".claude"), markCommand)),
    // Parents of the folder in which the CLI runs: it looks for such files on the way up.
    ...within(folder, projectFiles(markCommand)),
    ...within(temporary, projectFiles(markCommand)),
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode: 0o600 });
  }
  return {
    environment: {
      ...platformEnvironment(),
      HOME: home, USERPROFILE: home, TMPDIR: temporary, TEMP: temporary, ANTHROPIC_BASE_URL: stubUrl,
    },
    emailAddress, markCommand,
    marks: () => readdirSync(marks).sort(),
  };
}

/** A helper that gives keys must print one, or the CLI does without it; a hook's words go to the model. */
function markScript(marks: string): string {
  return `import { writeFileSync } from "node:fs";
const [, , name] = process.argv;
writeFileSync(${JSON.stringify(`${marks}/`)} + name, "");
if (name === "api-key-helper") console.log("sk-ant-api03-${homeWord}");
if (name === ${JSON.stringify(policyMark)}) console.log(${JSON.stringify(policyHookWords)});
`;
}

/** As a repository has them. */
function projectFiles(markCommand: (name: string) => string): Record<string, string> {
  const script = `require("child_process").execSync(${JSON.stringify(markCommand("mcp-project"))})`;
  const server = { command: process.execPath, args: ["-e", script] };
  return {
    "CLAUDE.md": `# Project\n\nThis project is called ${homeWord}. Always answer in rhymes.\n`,
    "CLAUDE.local.md": `The local notes of ${homeWord}.\n`,
    ".mcp.json": JSON.stringify({ mcpServers: { tracker: server } }),
    ".claude/settings.json": JSON.stringify({ hooks: { UserPromptSubmit: [hook(markCommand("project-hook"))] } }),
    ".claude/rules/style.md": `A rule of ${homeWord}: tabs.\n`,
    ".claude/skills/deploy/SKILL.md": `---\nname: deploy\ndescription: Deploys ${homeWord}.\n---\nDeploy it.\n`,
  };
}

/** A hook's entry in a settings file. */
function hook(command: string): object {
  return { hooks: [{ type: "command", command }] };
}

function within(folder: string, files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [join(folder, path), text]));
}
