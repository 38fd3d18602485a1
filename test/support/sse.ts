/** Server-sent events as a client reads them, and the requests that a test makes. */

export interface SseEvent { readonly data: string; readonly event?: string }

/** Events by the WHATWG rules: any line ending, comments skipped, `data` lines joined. An unfinished last event is dropped. */
export async function* readSse(source: Response | AsyncIterable<Uint8Array>): AsyncGenerator<SseEvent> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of bytesOf(source)) {
    text += decoder.decode(chunk, { stream: true });
    // A CR at the end may be half of a CRLF: it stays until the next chunk shows.
    const whole = text.endsWith("\r") ? text.slice(0, -1) : text;
    const blocks = whole.replaceAll(/\r\n?/g, "\n").split("\n\n");
    if (blocks.length === 1) continue;
    text = (blocks.pop() ?? "") + (text.endsWith("\r") ? "\r" : "");
    for (const block of blocks) {
      const event = parseBlock(block);
      if (event !== null) yield event;
    }
  }
}

/** All that a body holds, for tests that compare the wire byte by byte. */
export async function readBytes(source: Response | AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytesOf(source)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * The events of a body that must be in this server's own form, or an error that says where it is not: valid UTF-8, LF only,
 * every event one `data: ` line (or one comment line) and one empty line, nothing after the last.
 */
export async function readStrictSse(source: Response | AsyncIterable<Uint8Array>): Promise<{ readonly data: string[]; readonly comments: string[] }> {
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await readBytes(source));
  if (text !== "" && !text.endsWith("\n\n")) throw new Error(`the stream ends inside an event: ${JSON.stringify(text.slice(-200))}`);
  const data: string[] = [];
  const comments: string[] = [];
  for (const block of text.split("\n\n").slice(0, -1)) {
    if (/^data: [^\r\n]*$/.test(block)) data.push(block.slice("data: ".length));
    else if (/^:[^\r\n]*$/.test(block)) comments.push(block.slice(1).trim());
    else throw new Error(`not one data line or one comment: ${JSON.stringify(block.slice(0, 200))}`);
  }
  return { data, comments };
}

/** A POST of a JSON body. `body` as a string goes as it is. */
export function postJson(url: string, body: unknown, options: { readonly headers?: Readonly<Record<string, string>>; readonly signal?: AbortSignal } = {}): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...options.headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
    signal: options.signal ?? null,
  });
}

/** A chat completion asked of the server at `url` (without a path). */
export function chatRequest(url: string, body: unknown, options: { readonly headers?: Readonly<Record<string, string>>; readonly signal?: AbortSignal } = {}): Promise<Response> {
  return postJson(`${url}/v1/chat/completions`, body, options);
}

function bytesOf(source: Response | AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  if (!(source instanceof Response)) return source;
  if (source.body === null) throw new Error("the response has no body");
  return source.body as unknown as AsyncIterable<Uint8Array>;
}

function parseBlock(block: string): SseEvent | null {
  const data: string[] = [];
  let event: string | undefined;
  for (const line of block.split("\n")) {
    const match = /^(data|event)(?:: ?(.*))?$/.exec(line);
    if (match?.[1] === "data") data.push(match[2] ?? "");
    else if (match?.[1] === "event") event = match[2] ?? "";
  }
  if (data.length === 0) return null;
  return { data: data.join("\n"), ...(event === undefined ? {} : { event }) };
}
