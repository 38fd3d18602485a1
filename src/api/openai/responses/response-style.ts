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
  /** The model's name for the client's own search among its tools. */
  readonly searchTool?: string;
  /** Whether the answer's words may be from pages of the web. */
  readonly hasSources: boolean;
  /** Whether the client wants the model's thoughts in a form in which it can give them back. */
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
  /** Its output items, parsed. */
  readonly output: readonly Fields[];
}

/** What is the same for all of a response. */
export interface Fixed extends Pick<ResponseIdentity, "id"> {
  /** The fields that are the same in every state of the response, as JSON without braces. */
  readonly constant: WireText;
  readonly onFinish: (finished: FinishedResponse) => void;
}
