import type { WireText } from "../../../json-text.ts";
import type { Fields } from "../../check.ts";
import type { ToolNames } from "../../tool-names.ts";

/** The values of a response that come neither from the request nor from the model. */
export interface ResponseIdentity {
  /** The response's id: `resp_` and a random token. */
  readonly id: string;
  /** When the turn was begun, in seconds since the epoch. */
  readonly createdAt: number;
}

/** What the request determines about how its response is written. */
export interface ResponseStyle {
  readonly names: ToolNames;
  /** The custom tools, which take free text, by the names that the model sees. */
  readonly customTools: ReadonlySet<string>;
  /** The model's name for the client's own tool `tool_search`, if there is one. */
  readonly searchTool?: string;
  /** Whether the model may search the web, so that the answer may cite pages. */
  readonly hasSources: boolean;
  /** Whether the client asked for `encrypted_content`, by which it can send thoughts back. */
  readonly includesThoughts: boolean;
  /** True: the response is stored, so that later requests can continue it. */
  readonly isStored: boolean;
  /** The request's fields that the response repeats. */
  readonly echo: Fields;
}

/** A finished response, completed or incomplete. */
export interface FinishedResponse {
  /** The response object as JSON. */
  readonly body: WireText;
  /** The response's output items, parsed. */
  readonly output: readonly Fields[];
}

/** What is the same for all events of one response. */
export interface Fixed extends Pick<ResponseIdentity, "id"> {
  /** The fields that are the same in every state of the response, as JSON without braces. */
  readonly constant: WireText;
  readonly onFinish: (finished: FinishedResponse) => void;
}
