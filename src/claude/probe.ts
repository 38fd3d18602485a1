import { BridgeError } from "../errors.ts";
import { ControlChannel } from "./control.ts";
import type { ClaudeProcess } from "./process.ts";
import { type InitializeAnswer, initializeRequest, parseInitializeAnswer, parseLine } from "./protocol.ts";

/** How long a process may take to boot and answer `initialize`, in milliseconds. */
export const bootWaitMs = 60_000;

/** Asks a fresh process for its models and its login, then ends it. Rejects with a BridgeError if it does not reply. */
export async function probe(process: ClaudeProcess): Promise<InitializeAnswer> {
  const control = new ControlChannel((line) => void process.write(line));
  process.attach({
    onLine: (line) => {
      const message = parseLine(line);
      if (message?.["type"] === "control_response") control.settle(message);
    },
    onReadEnd: () => {},
    onFailure: (error) => control.failAll(error),
  });
  const timer = setTimeout(() => {
    control.failAll(new BridgeError("cli_failed", `The claude process did not boot within ${bootWaitMs / 1000} s.`));
  }, bootWaitMs);
  try {
    return parseInitializeAnswer(await control.request(initializeRequest({ system: "", tools: [] })));
  } finally {
    clearTimeout(timer);
    void process.end();
  }
}
