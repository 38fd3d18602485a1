/** A turn that is asked of the server on a version of the CLI, and what became of it. */
import type { CapabilityName, FurtherName, NeedName } from "../../src/claude/capability-rows.ts";
import type { EngineStatus } from "../../src/index.ts";
import type { StubRequest } from "../../test/support/anthropic-stub.ts";
import type { Sent } from "../../test/support/chat-transcript.ts";

/** What became of one turn. */
export interface TurnRow {
  readonly name: string;
  /** The rows of `capability-rows.ts` that the turn depends on. */
  readonly shows: readonly (CapabilityName | NeedName | FurtherName)[];
  /** On which process it ran. */
  readonly way: string;
  /**
   * What of its request upstream is neither the client's nor on the list of the CLI's words; what of the answer is not
   * what the API gave; or why it failed.
   */
  readonly findings: readonly string[];
}

/** A turn to ask. */
export interface Asked {
  readonly name: string;
  readonly shows: TurnRow["shows"];
  /** A chat request. */
  readonly body: Sent;
  /** What is wrong with the answer, or with what went up. */
  readonly check?: (reply: Reply) => readonly string[];
  /** The endpoint; that of chat without it. Only chat requests can be judged word by word. */
  readonly path?: string;
  /** How the client is refused; without it, it is not. */
  readonly status?: number;
  /** The client leaves when the first words have come. */
  readonly leaves?: true;
}

export interface Reply {
  readonly status: number;
  /** The answer's body. */
  readonly body: any;
  /** What went up. */
  readonly requests: readonly StubRequest[];
  readonly engine: EngineStatus;
}
