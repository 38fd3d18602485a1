import type { StartedBlock } from "../turn/event.ts";

/**
 * The deltas that the slow path (a line parsed as JSON) reads: the event's type, the API's type, and the field that
 * holds the text.
 */
export const deltaForms = [
  { type: "text", wireType: "text_delta", field: "text" },
  { type: "thinking", wireType: "thinking_delta", field: "thinking" },
  { type: "input_json", wireType: "input_json_delta", field: "partial_json" },
] as const;

/**
 * Kinds of block that have no input of their own to send. All others but `tool_use` and `schema` are of tools that the
 * API runs itself.
 */
export const withoutInput: ReadonlySet<Block["kind"]> = new Set(["text", "thinking", "redacted_thinking", "dropped"]);

/**
 * A block of the CLI's current message. `schema`: a call of the CLI's structured-output tool, whose input is sent as
 * the answer's text. `dropped`: a call that the client may not be told of.
 */
export interface Block {
  readonly kind: StartedBlock["type"] | "schema" | "dropped";
  /** The block's number in the CLI's message. */
  readonly at: number;
  /** The block's number in the answer, which may span several messages of the CLI's; -1 where it is not sent. */
  readonly index: number;
  hasInput: boolean;
  isOpen: boolean;
}
