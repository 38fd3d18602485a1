/** Whether an image's bytes are all there, from its header to its end. Of the pixels only PNG's length is looked at. */
import { inflateSync } from "node:zlib";
import type { ImageHeader } from "./image-header.ts";

export function isDecodable(bytes: Buffer, header: ImageHeader): boolean {
  if (header.width === 0 || header.height === 0) return false;
  switch (header.mediaType) {
    case "image/png":
      return isWholePng(bytes, header);
    case "image/gif":
      return isWholeGif(bytes);
    case "image/webp":
      return bytes.readUInt32LE(4) + 8 <= bytes.length + 1;
    default:
      return bytes.includes(Buffer.from("ffda", "hex")) && bytes.subarray(-64).includes(Buffer.from("ffd9", "hex"));
  }
}

const channelsOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

function isWholePng(bytes: Buffer, { width, height }: ImageHeader): boolean {
  const data: Buffer[] = [];
  let at = 8;
  for (;;) {
    if (at + 12 > bytes.length) return false;
    const length = bytes.readUInt32BE(at);
    const kind = bytes.toString("latin1", at + 4, at + 8);
    if (kind === "IDAT") data.push(bytes.subarray(at + 8, at + 8 + length));
    at += 12 + length;
    if (kind === "IEND") break;
  }
  const bitsPerPixel = (channelsOf[bytes[25] ?? 0] ?? 1) * (bytes[24] ?? 1);
  const pixels = inflated(Buffer.concat(data));
  // Interlaced ones have their rows in another order, and a few bytes more.
  return pixels !== null && pixels.length >= height * (1 + Math.ceil((width * bitsPerPixel) / 8));
}

function inflated(data: Buffer): Buffer | null {
  try {
    return inflateSync(data);
  } catch {
    return null;
  }
}

/** Blocks are walked to the trailer; each has its data in pieces that tell their length, the last of them 0. */
function isWholeGif(bytes: Buffer): boolean {
  const tableBytes = (flags: number): number => ((flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1));
  let at = 13 + tableBytes(bytes[10] ?? 0);
  let frames = 0;
  for (;;) {
    const kind = bytes[at];
    if (kind === 0x3b) return frames > 0;
    if (kind === 0x21) {
      at += 2;
    } else if (kind === 0x2c) {
      frames += 1;
      at += 10 + tableBytes(bytes[at + 9] ?? 0) + 1;
    } else {
      return false;
    }
    for (let length = bytes[at]; length !== 0; length = bytes[at]) {
      if (length === undefined) return false;
      at += 1 + length;
    }
    at += 1;
  }
}
