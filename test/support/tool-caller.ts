/** How a process of the made-up CLI asks for the client's tools: it calls the server's MCP server over its own pipes. */
import { randomUUID } from "node:crypto";
import { mcpLine } from "./cli-lines.ts";

type Line = Readonly<Record<string, any>>;

export class ToolCaller {
  readonly #say: (line: object) => void;
  readonly #asked = new Map<string, (response: Line) => void>();
  #askedCount = 0;

  constructor(say: (line: object) => void) {
    this.#say = say;
  }

  /** Asks, and waits for the answer for as long as that takes. */
  ask(method: string, params: object): Promise<Line> {
    const requestId = randomUUID();
    return new Promise((resolve) => {
      this.#asked.set(requestId, resolve);
      this.#say(mcpLine(requestId, { id: ++this.#askedCount, method, params }));
    });
  }

  /** Says that it waits for the last answer no more. */
  cancel(): void {
    this.#say(mcpLine(randomUUID(), { method: "notifications/cancelled", params: { requestId: this.#askedCount } }));
  }

  /** Takes an answer. */
  take({ response }: Line): void {
    this.#asked.get(response.request_id as string)?.(response.response.mcp_response as Line);
    this.#asked.delete(response.request_id as string);
  }
}
