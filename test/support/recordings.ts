/** What real CLIs wrote over their pipes, as it was recorded: test/fixtures/recordings/<version>/<name>.jsonl. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const recordedVersions = ["2.1.197", "2.1.330"] as const;
export type RecordedVersion = (typeof recordedVersions)[number];

export interface Recording {
  /** The CLI's lines in their order, without line ends, latin1-held as `readLines` gives them. */
  readonly claudeLines: readonly string[];
  /** The host's lines in their order, without line ends. */
  readonly hostLines: readonly string[];
}

const folder = fileURLToPath(new URL("../fixtures/recordings/", import.meta.url));

/** The names of all recordings of a version, without their extension. */
export function recordingNames(version: RecordedVersion): string[] {
  return readdirSync(`${folder}${version}`).map((file) => file.replace(/\.jsonl$/, "")).sort();
}

export function loadRecording(version: RecordedVersion, name: string): Recording {
  const entries = readFileSync(`${folder}${version}/${name}.jsonl`, "utf8").trimEnd().split("\n")
    .map((line) => JSON.parse(line) as { readonly from: string; readonly message?: unknown });
  const linesFrom = (from: string) => entries.filter((entry) => entry.from === from).map(({ message }) => JSON.stringify(message));
  return {
    claudeLines: linesFrom("claude").map((line) => Buffer.from(line, "utf8").toString("latin1")),
    hostLines: linesFrom("host"),
  };
}
