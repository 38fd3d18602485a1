/** Images of any size that can be decoded, made here in the four formats. */
import { deflateSync } from "node:zlib";

/** One bit a pixel, all black. */
export function png(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 1;
  const rows = deflateSync(Buffer.alloc(height * (1 + Math.ceil(width / 8))));
  return Buffer.concat([
    Buffer.from("89504e470d0a1a0a", "hex"),
    chunk("IHDR", header),
    chunk("IDAT", rows),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(kind: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(kind, "latin1"), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/** As the PNG specification has it; node:zlib's own is not in every Node that this runs on. */
function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

export function gif(width: number, height: number): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt16LE(width, 0);
  size.writeUInt16LE(height, 2);
  // A screen without colours, then one frame: four bytes of place, its size, two colours, no more data than its end.
  return Buffer.concat([
    Buffer.from("GIF89a", "latin1"),
    size,
    Buffer.from("000000", "hex"),
    Buffer.from("2c00000000", "hex"),
    size,
    Buffer.from("80000000ffffff", "hex"),
    Buffer.from("0202440100", "hex"),
    Buffer.from("3b", "hex"),
  ]);
}

/** SOI, an APP0 of four bytes, a fill byte, a progressive frame of one component, a scan, EOI. */
export function jpeg(width: number, height: number): Buffer {
  const frame = Buffer.from("ffffc2000b080000000001011100", "hex");
  frame.writeUInt16BE(height, 6);
  frame.writeUInt16BE(width, 8);
  return Buffer.concat([
    Buffer.from("ffd8ffe00004aabb", "hex"),
    frame,
    Buffer.from("ffda0008010100003f00", "hex"),
    Buffer.from("7fffd9", "hex"),
  ]);
}

/** `size` is the chunk's own field, as hex digits. */
export function webp(kind: "VP8 " | "VP8L" | "VP8X", size: string): Buffer {
  const bytes = Buffer.alloc(30);
  bytes.write(`RIFF\0\0\0\0WEBP${kind}`, "latin1");
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.writeUInt32LE(bytes.length - 20, 16);
  bytes.write(size, { "VP8 ": 26, VP8L: 21, VP8X: 24 }[kind], "hex");
  return bytes;
}
