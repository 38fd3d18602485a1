import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

/**
 * What tells one build of an executable from another: it changes when the CLI is updated on disk. Undefined when there is
 * no such file. A bare name is looked up on `path`, as the system does at a spawn.
 */
export function executableStamp(file: string, path: string): string | undefined {
  const candidates = isAbsolute(file) ? [file] : path.split(delimiter).filter((folder) => folder !== "").map((folder) => join(folder, file));
  for (const candidate of candidates) {
    try {
      accessSync(candidate, constants.X_OK);
      const { dev, ino, size, mtimeMs } = statSync(candidate);
      return `${candidate} ${dev} ${ino} ${size} ${mtimeMs}`;
    } catch {
      // Not here: the next folder.
    }
  }
  return undefined;
}
