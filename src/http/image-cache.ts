import type { FetchedImage } from "./fetch-images.ts";

/** How much all images that are kept may come to, in bytes. */
export const imageCacheBytesMax = 64 * 1024 * 1024;
/** How many are kept. */
export const imageCacheEntriesMax = 256;
/** How long one is kept after it was fetched, in milliseconds: as long as a conversation that may ask for it again. */
export const imageCacheAgeMsMax = 60 * 60_000;

interface Entry {
  readonly image: FetchedImage;
  readonly fetchedAtMs: number;
}

export interface ImageCacheLimits {
  readonly bytesMax: number;
  readonly entriesMax: number;
  readonly ageMsMax: number;
}

const usualLimits = { bytesMax: imageCacheBytesMax, entriesMax: imageCacheEntriesMax, ageMsMax: imageCacheAgeMsMax };

/**
 * Images that were fetched lately, by URL, in memory: a history that is told a second time has what it had the first
 * time, also when the link has expired.
 */
export class ImageCache {
  /** In the order of their last use: the first is the least recently used. */
  readonly #entries = new Map<string, Entry>();
  readonly #limits: ImageCacheLimits;
  readonly #nowMs: () => number;
  /** Runs while there are entries. */
  #sweep: NodeJS.Timeout | undefined;
  #bytes = 0;

  constructor(limits: ImageCacheLimits = usualLimits, nowMs: () => number = Date.now) {
    this.#limits = limits;
    this.#nowMs = nowMs;
  }

  /** How much is kept now, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Counts as a use. */
  find(url: string): FetchedImage | undefined {
    const entry = this.#remove(url);
    if (entry === undefined || this.#isOld(entry)) return undefined;
    this.#add(url, entry);
    return entry.image;
  }

  /** One that alone is larger than all may be is not kept. */
  keep(url: string, image: FetchedImage): void {
    this.#remove(url);
    if (image.bytes.length > this.#limits.bytesMax) return;
    this.#add(url, { image, fetchedAtMs: this.#nowMs() });
    for (const [oldest, entry] of this.#entries) {
      const isOver = this.#bytes > this.#limits.bytesMax || this.#entries.size > this.#limits.entriesMax;
      if (isOver || this.#isOld(entry)) this.#remove(oldest);
    }
    this.#sweepInTime();
  }

  /** Images are no longer in memory than their age allows, though nobody may ask for any again. */
  #sweepInTime(): void {
    if (this.#sweep !== undefined || this.#entries.size === 0) return;
    const fetchedAtMs = Math.min(...[...this.#entries.values()].map((entry) => entry.fetchedAtMs));
    this.#sweep = setTimeout(() => {
      this.#sweep = undefined;
      for (const [url, entry] of this.#entries) if (this.#isOld(entry)) this.#remove(url);
      this.#sweepInTime();
    }, Math.max(1, fetchedAtMs + this.#limits.ageMsMax - this.#nowMs()));
    this.#sweep.unref();
  }

  #isOld({ fetchedAtMs }: Entry): boolean {
    return fetchedAtMs + this.#limits.ageMsMax <= this.#nowMs();
  }

  #add(url: string, entry: Entry): void {
    this.#entries.set(url, entry);
    this.#bytes += entry.image.bytes.length;
  }

  #remove(url: string): Entry | undefined {
    const entry = this.#entries.get(url);
    if (entry === undefined) return undefined;
    this.#entries.delete(url);
    this.#bytes -= entry.image.bytes.length;
    return entry;
  }
}
