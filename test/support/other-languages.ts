/** Runs a program of another language beside the server, which is in this process and must not be blocked. */
import { execFile } from "node:child_process";

/** Resolves with all that it wrote to stdout. Rejects where it fails, with what it wrote to stderr. */
export function runProgram(program: string, args: readonly string[], msMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    execFile(program, [...args], { encoding: "buffer", timeout: msMax, maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${program} failed: ${error.message}; ${stderr.toString()}`));
    });
  });
}
