import type { FetchedImage } from "./fetch-images.ts";

/** The limit for all cached images together, in bytes. */
export const imageCacheBytesMax = 64 * 1024 * 1024;
/** How many images are cached at most. */
export const imageCacheEntriesMax = 256;
/**
 * How long after its fetch an image is cached, in milliseconds. A process is told a conversation's history again
 * whenever it has lost it. If that is later than this, the images are fetched again.
 */
export const imageCacheAgeMsMax = 60 * 60_000;

interface Entry {
  readonly image: FetchedImage;
  readonly fetchedAtMs: number;
}

/** The most that is cached, and for how long. */
export interface ImageCacheLimits {
  readonly bytesMax: number;
  readonly entriesMax: number;
  readonly ageMsMax: number;
}

const usualLimits = { bytesMax: imageCacheBytesMax, entriesMax: imageCacheEntriesMax, ageMsMax: imageCacheAgeMsMax };

/**
 * Recently fetched images by URL, in memory. When a history is told to another process, it has the same images as the
 * first time, even if a link has expired.
 */
export class ImageCache {
  /** By URL, ordered by last use: the first is the least recently used. */
  readonly #entries = new Map<string, Entry>();
  readonly #limits: ImageCacheLimits;
  readonly #nowMs: () => number;
  /** The timer that removes images from the cache when they expire; undefined while the cache is empty. */
  #sweep: NodeJS.Timeout | undefined;
  #bytes = 0;

  constructor(limits: ImageCacheLimits = usualLimits, nowMs: () => number = Date.now) {
    this.#limits = limits;
    this.#nowMs = nowMs;
  }

  /** The size of all cached images now, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Returns a cached image that has not expired, and marks it as used. */
  find(url: string): FetchedImage | undefined {
    const entry = this.#remove(url);
    if (entry === undefined || this.#isOld(entry)) return undefined;
    this.#add(url, entry);
    return entry.image;
  }

  /** Caches an image and evicts those beyond the limits. An image that alone exceeds `bytesMax` is not cached. */
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

  /** Sets a timer for the next entry to expire, so that images leave memory even if the cache is not used again. */
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
