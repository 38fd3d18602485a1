import { BridgeError } from "../errors.ts";
import { type Capabilities, probeCapabilities } from "./capabilities.ts";
import { ClientTools } from "./client-tools.ts";
import { ControlChannel } from "./control.ts";
import { type After, afterInNode } from "./late.ts";
import { type Needs, needsSeenIn, probedTool, takesRequest } from "./needs.ts";
import { shownThoughts } from "./parameters.ts";
import type { LiveProcess } from "./process.ts";
import {
  type InitializeAnswer, initializeRequest, type JsonObject, parseInitializeAnswer, parseLine,
} from "./protocol.ts";
import { goesOn } from "./upstream-message.ts";
import { BootTimeout } from "./watch.ts";

/** How long a process may take to boot and answer `initialize`, in milliseconds. */
export const bootWaitMs = 60_000;
/** How long it may take to try what the CLI can do, in milliseconds. It takes some 60 on an idle machine. */
export const capabilitiesWaitMs = 5_000;

export interface ProbeAnswer extends InitializeAnswer {
  /** Undefined where the process died or fell silent before all was tried. */
  readonly capabilities: Capabilities | undefined;
  /** What was seen of what every CLI must do. */
  readonly needs: Needs;
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
  const tools = new ClientTools((line) => void process.write(line));
  tools.serve({ tools: [probedTool] });
  const history = new ToldHistory();
  let needs: Needs = {};
  let fail = (_error: BridgeError): void => {};
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  process.attach({
    onLine: (line) => {
      const message = parseLine(line);
      if (message === undefined) return;
      switch (message["type"]) {
        case "control_response": return control.settle(message);
        case "control_request": return tools.onControlRequest(message, undefined);
        case "system":
          if (message["subtype"] === "init") needs = { ...needs, ...needsSeenIn(message) };
          break;
      }
      const outcome = history.take(message);
      if (outcome === "asked") needs = { ...needs, history: false };
      if (outcome !== "fine") fail(new BridgeError("cli_failed", "The claude process took no history."));
    },
    onReadEnd: () => {},
    onFailure: (error) => fail(error),
  });
  let cancel = after(bootWaitMs, () => fail(new BootTimeout(bootWaitMs)));
  try {
    const initialized = control.request(initializeRequest({ system: [], tools: [probedTool] }));
    const answer = parseInitializeAnswer(await Promise.race([initialized, failed]));
    cancel();
    cancel = after(waitMs, () => {
      fail(new BridgeError("cli_failed", `The claude process did not tell what it can do within ${waitMs / 1000} s.`));
    });
    for (const [name, request] of settingsTried) {
      void takesRequest(control.request(request)).then((has) => {
        if (has !== undefined) needs = { ...needs, [name]: has };
      });
    }
    const tried = probeCapabilities({
      otherModel: answer.models.find(({ value }) => value !== process.model)?.value,
      request: (request) => control.request(request),
      write: (lines) => void process.write(lines),
      acknowledged: () => history.next(),
    });
    const capabilities = await Promise.race([tried, failed]).catch(() => undefined);
    return { ...answer, capabilities, needs: capabilities === undefined ? needs : { ...needs, history: true } };
  } finally {
    cancel();
  }
}

/** Control requests that change nothing. */
const settingsTried: readonly (readonly ["settings" | "thinking", JsonObject])[] = [
  ["settings", { subtype: "apply_flag_settings", settings: { env: { CLAUDE_CODE_EXTRA_BODY: "{}" } } }],
  ["thinking", { subtype: "set_max_thinking_tokens", max_thinking_tokens: null, thinking_display: shownThoughts }],
];

/** The probe's wait for the acknowledgements of its made-up history. */
class ToldHistory {
  #acknowledge = (): void => {};

  /** Resolves when the CLI has acknowledged the message that is written next. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#acknowledge = resolve;
    });
  }

  /** Handles a line. Returns `asked` if it shows that the CLI took a message of the history for a question. */
  take(message: JsonObject): "fine" | "refused" | "asked" {
    if (message["type"] !== "result") return goesOn(message) ? "asked" : "fine";
    if (message["is_error"] === true) return "refused";
    if (message["num_turns"] !== 0) return "asked";
    this.#acknowledge();
    return "fine";
  }
}
