/**
 * A policy as the owner of a locked-down machine sets it, in `/etc/claude-code`. The machine's own `/etc` is left
 * alone: the server runs in a mount namespace of its own, in which the folder is put over it.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** The words of the policy's `CLAUDE.md`. */
export const policyWords = "The policy of this machine: mention no aubergine.";
export const policyMark = "policy-hook";
/** What its hook prints. */
export const policyHookWords = "The hook of this machine: it is a weekday.";

/** Puts an overlay on /etc, so that the folder can be made in it, and the policy there; then becomes the command. */
const enterScript = `set -e
mount --make-rprivate /
mount -t tmpfs none "$2"
mkdir "$2/upper" "$2/work"
if [ ! -d /etc/claude-code ]; then
  mount -t overlay overlay -o "lowerdir=/etc,upperdir=$2/upper,workdir=$2/work" /etc
  mkdir /etc/claude-code
fi
mount --bind "$1" /etc/claude-code
shift 2
exec "$@"`;

/** A policy's files, by their paths in its folder. */
export type PolicyFiles = Readonly<Record<string, string>>;

/** Where a policy's settings may stand: in one file, or in a folder of them. */
export const settingsPlaces = ["managed-settings.json", "managed-settings.d/50-hooks.json"] as const;

/** Settings by which each prompt runs that command. */
export function hookSettings(command: string): string {
  return JSON.stringify({ hooks: { UserPromptSubmit: [{ hooks: [{ type: "command", command }] }] } });
}

/** What stands before a command so that it runs under a policy of those files alone, which are written below `folder`. */
export function policyOf(folder: string, files: PolicyFiles): string[] {
  const [policy, mountPoint] = [join(folder, "policy"), join(folder, "mount")];
  for (const path of [policy, mountPoint]) mkdirSync(path, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    const path = join(policy, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return ["unshare", "--mount", "sh", "-c", enterScript, "sh", policy, mountPoint];
}

/** The same under a policy of instructions and a hook, with further files. */
export function managedPolicy(folder: string, markCommand: (name: string) => string, further: PolicyFiles = {}): string[] {
  return policyOf(folder, { "CLAUDE.md": `${policyWords}\n`, [settingsPlaces[0]]: hookSettings(markCommand(policyMark)), ...further });
}

/** Why there can be no policy here, or false. */
export function policyUnavailable(): string | false {
  if (process.platform !== "linux") return "a managed policy needs a mount namespace, which only Linux has";
  if (process.getuid?.() !== 0) return "a managed policy needs root, for a mount namespace of its own";
  const folder = mkdtempSync(join(tmpdir(), "claude-max-api-policy-"));
  const [program = "", ...before] = managedPolicy(folder, (name) => name);
  const { status } = spawnSync(program, [...before, "test", "-f", "/etc/claude-code/managed-settings.json"]);
  rmSync(folder, { recursive: true, force: true });
  if (status !== 0) return "a managed policy needs a mount namespace with an overlay, which root may not make here";
  return existsSync("/etc/claude-code/managed-settings.json") ? "this machine has a managed policy of its own" : false;
}
