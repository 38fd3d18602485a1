import { BridgeError } from "../errors.ts";
import { type Capabilities, probeCapabilities } from "./capabilities.ts";
import { ControlChannel } from "./control.ts";
import { type After, afterInNode } from "./late.ts";
import type { LiveProcess } from "./process.ts";
import { type InitializeAnswer, initializeRequest, parseInitializeAnswer, parseLine } from "./protocol.ts";
import { BootTimeout } from "./watch.ts";

/** How long a process may take to boot and answer `initialize`, in milliseconds. */
export const bootWaitMs = 60_000;
/** How long it may take to try what the CLI can do, in milliseconds. It takes some 60 on an idle machine. */
export const capabilitiesWaitMs = 5_000;

export interface ProbeAnswer extends InitializeAnswer {
  /** Undefined where the process died or fell silent before all was tried. */
  readonly capabilities: Capabilities | undefined;
}

/**
 * Asks a fresh process for its models and its login, and tries what it can do, for no longer than `waitMs`. Asks the
 * model nothing. Rejects with a BridgeError if the process does not answer `initialize`. Afterwards the process is of
 * no use: its owner is to end it.
 */
export async function probe(
  process: LiveProcess, waitMs = capabilitiesWaitMs, after: After = afterInNode,
): Promise<ProbeAnswer> {
  const control = new ControlChannel((line) => void process.write(line));
  let acknowledge = (): void => {};
  let fail = (_error: BridgeError): void => {};
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  process.attach({
    onLine: (line) => {
      const message = parseLine(line);
      if (message?.["type"] === "control_response") control.settle(message);
      if (message?.["type"] !== "result") return;
      if (message["is_error"] === true) fail(new BridgeError("cli_failed", "The claude process took no history."));
      else acknowledge();
    },
    onReadEnd: () => {},
    onFailure: (error) => fail(error),
  });
  let cancel = after(bootWaitMs, () => fail(new BootTimeout(bootWaitMs)));
  try {
    const initialized = control.request(initializeRequest({ system: [], tools: [] }));
    const answer = parseInitializeAnswer(await Promise.race([initialized, failed]));
    cancel();
    cancel = after(waitMs, () => {
      fail(new BridgeError("cli_failed", `The claude process did not tell what it can do within ${waitMs / 1000} s.`));
    });
    const tried = probeCapabilities({
      otherModel: answer.models.find(({ value }) => value !== process.model)?.value,
      request: (request) => control.request(request),
      write: (lines) => void process.write(lines),
      acknowledged: () => new Promise((resolve) => {
        acknowledge = resolve;
      }),
    });
    return { ...answer, capabilities: await Promise.race([tried, failed]).catch(() => undefined) };
  } finally {
    cancel();
  }
}
