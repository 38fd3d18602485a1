import type { Conversation } from "../claude/conversation.ts";
import { RewindRefused } from "../claude/history.ts";
import { asBridgeError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { KnownCapabilities } from "./known-capabilities.ts";
import type { OwnedProcess } from "./owned-process.ts";
import type { Processes } from "./processes.ts";

export interface MovesOptions {
  readonly processes: Processes;
  readonly capabilities: KnownCapabilities;
  readonly log: Logger;
}

/** Moves processes to other places of their history, or to the beginning of another conversation. */
export class Moves {
  readonly #options: MovesOptions;

  constructor(options: MovesOptions) {
    this.#options = options;
  }

  /**
   * Rewinds a process to at most `keptMax` messages. Resolves with how many it has then. If the CLI refuses, ends the
   * process, because it is not certain what its history is, and resolves with undefined.
   */
  async rewind(owned: OwnedProcess, conversation: Conversation, keptMax: number): Promise<number | undefined> {
    const { processes, capabilities, log } = this.#options;
    try {
      return await conversation.rewind(keptMax, capabilities.current);
    } catch (error) {
      processes.end(owned, "rewind_refused");
      const lacks = error instanceof RewindRefused ? error.lacks : undefined;
      const isCurrent = owned.birth.generation === processes.generation;
      if (lacks !== undefined && isCurrent) capabilities.noteRefusal(lacks);
      log.info("a process was not rewound", { error: asBridgeError(error).code, lacks });
      return undefined;
    }
  }
}
