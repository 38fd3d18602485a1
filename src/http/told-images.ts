/**
 * Fetches the images that a request gives by URL: only those in messages that the turn's process has not been told yet.
 */

import { BridgeError } from "../errors.ts";
import type {
  AssistantBlock, DocumentBlock, ImageBlock, Message, ResultPart, TextBlock, UrlSource, UserBlock,
} from "../turn/message.ts";
import {
  type FetchedImage, fetchImage, type FetchOptions, fetchWaitMs, Refusal, tooMuchTogether,
} from "./fetch-images.ts";
import type { ImageCache } from "./image-cache.ts";

/** How many images are fetched for one request. */
export const fetchesMax = 20;
/**
 * Time limit for all fetches of one request together, in milliseconds. Some happen after the request's turn was
 * admitted: meanwhile it counts as running, and other turns may have to wait.
 */
export const fetchesWaitMsMax = 60_000;

/** What fetching the images of one request needs. */
export interface ToldImagesOptions extends FetchOptions {
  /** If false, an image URL is refused with an error that names its field. */
  readonly isAllowed: boolean;
  readonly cache: ImageCache;
}

/**
 * The images of one request. Those after the last assistant message are new: they are fetched even if their URL is in
 * the cache, because it may point to another image by now. Those before it come from the cache, or are fetched if it
 * does not have them, within the same limits. However often `complete` is called, each image is fetched once.
 */
export class ToldImages {
  readonly #options: ToldImagesOptions;
  readonly #new = new Map<string, FetchedImage>();
  readonly #past = new Map<string, FetchedImage>();
  #fetches = 0;
  #waitLeftMs = fetchesWaitMsMax;

  constructor(options: ToldImagesOptions) {
    this.#options = options;
  }

  /**
   * Returns the messages with each image's data in place of its URL. They must be the last messages of the request.
   * Rejects with a BridgeError that names the field of an image that cannot be fetched.
   */
  async complete(messages: readonly Message[]): Promise<readonly Message[]> {
    if (!messages.some(hasUrl)) return messages;
    const firstNew = messages.findLastIndex(({ role }) => role === "assistant") + 1;
    let bytesLeft = this.#options.bytesMax;
    return await inTurn([...messages.entries()], async ([index, message]): Promise<Message> => {
      if (message.role === "assistant") return message;
      const image = async (source: UrlSource): Promise<ImageBlock> => {
        const { mediaType, bytes } = await this.#find(source, index >= firstNew, bytesLeft);
        bytesLeft -= bytes.length;
        return { type: "image", source: { type: "base64", media_type: mediaType, data: bytes.toString("base64") } };
      };
      return { role: "user", content: await inTurn(message.content, (block) => withImages(block, image)) };
    });
  }

  async #find({ url, path }: UrlSource, isNew: boolean, bytesLeft: number): Promise<FetchedImage> {
    const known = isNew ? this.#new : this.#past;
    try {
      const { isAllowed, bytesMax, cache } = this.#options;
      if (!isAllowed) throw new Refusal("images are not fetched here (--fetch-images=false); send a data: URL.");
      const had = known.get(url) ?? (isNew ? undefined : cache.find(url));
      const image = had ?? await this.#fetch(url, bytesLeft);
      if (image.bytes.length > bytesLeft) throw tooMuchTogether(bytesMax);
      known.set(url, image);
      return image;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const cause = error.cause === undefined ? {} : { cause: error.cause };
      throw new BridgeError("invalid_value", `${path}: ${error.message}`, { field: path, ...cause });
    }
  }

  async #fetch(url: string, bytesLeft: number): Promise<FetchedImage> {
    if (++this.#fetches > fetchesMax) throw new Refusal(`at most ${fetchesMax} images of a request are fetched.`);
    if (this.#waitLeftMs <= 0) throw tooSlowTogether();
    const waitMs = Math.min(fetchWaitMs, this.#waitLeftMs);
    const startedAtMs = performance.now();
    try {
      const image = await fetchImage(url, bytesLeft, { ...this.#options, waitMs });
      this.#options.cache.keep(url, image);
      return image;
    } finally {
      // Rounded up, because timers take whole milliseconds.
      this.#waitLeftMs -= Math.ceil(performance.now() - startedAtMs);
    }
  }
}

function tooSlowTogether(): Refusal {
  return new Refusal(`the images of a request did not come within ${fetchesWaitMsMax / 1000} s together.`);
}

type ImageOf = (source: UrlSource) => Promise<ImageBlock>;

async function withImages(block: UserBlock, image: ImageOf): Promise<UserBlock> {
  switch (block.type) {
    case "image": return await inPlace(block, image);
    case "document": return await inDocument(block, image);
    case "tool_result": {
      if (typeof block.content === "string") return block;
      return { ...block, content: await inTurn(block.content, (part) => inResult(part, image)) };
    }
    case "text": case "search_result": case "container_upload": return block;
  }
}

async function inResult(part: ResultPart, image: ImageOf): Promise<ResultPart> {
  switch (part.type) {
    case "image": return await inPlace(part, image);
    case "document": return await inDocument(part, image);
    case "text": case "search_result": case "tool_reference": return part;
  }
}

async function inDocument(document: DocumentBlock, image: ImageOf): Promise<DocumentBlock> {
  const { source } = document;
  if (source.type !== "content" || typeof source.content === "string") return document;
  const content = await inTurn(source.content, async (part): Promise<TextBlock | ImageBlock> =>
    (part.type === "image" ? await inPlace(part, image) : part));
  return { ...document, source: { ...source, content } };
}

async function inPlace(block: ImageBlock, image: ImageOf): Promise<ImageBlock> {
  return block.source.type === "url" ? await image(block.source) : block;
}

function hasUrl({ content }: Message): boolean {
  return content.some((block) => {
    if (block.type !== "tool_result") return hasUrlIn(block);
    return typeof block.content !== "string" && block.content.some(hasUrlIn);
  });
}

function hasUrlIn(block: UserBlock | AssistantBlock | ResultPart): boolean {
  if (block.type === "image") return block.source.type === "url";
  if (block.type !== "document" || block.source.type !== "content") return false;
  const { content } = block.source;
  return typeof content !== "string" && content.some((part) => part.type === "image" && part.source.type === "url");
}

/** Maps items one after the other, so that one request cannot open many connections at once. */
async function inTurn<In, Out>(items: readonly In[], map: (item: In) => Out | Promise<Out>): Promise<Out[]> {
  const results: Out[] = [];
  for (const item of items) results.push(await map(item));
  return results;
}
