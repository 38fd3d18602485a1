/** Images: what they are, whether they can be decoded, and their size. */
import { assistant, each, result, saying, sayingWithTool, text, use, user } from "./examples.ts";
import { gif, jpeg, png, webp } from "./image-bytes.ts";
import { isDecodable } from "./image-decoding.ts";
import { type ImageHeader, readImageHeader } from "./image-header.ts";
import { type ApiRequest, firstOf, isRecord, type Rule, withInner } from "./rule.ts";

const sidePixelsMax = 8_000;
const sidePixelsMaxWhenMany = 2_000;
const imagesMany = 20;
const base64CharsMax = 5 * 1_024 * 1_024;
const mediaTypes: ReadonlySet<unknown> = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);

interface PlacedImage {
  readonly at: string;
  readonly mediaType: unknown;
  readonly data: string;
}

function imageCount({ conversation }: ApiRequest): number {
  return conversation.flatMap((placed) => [...withInner(placed)]).filter(({ block }) => block["type"] === "image")
    .length;
}

/** Those that are in the request; others the API fetches. */
function* images({ conversation }: ApiRequest): Generator<PlacedImage> {
  for (const { at, block } of conversation.flatMap((placed) => [...withInner(placed)])) {
    const { type, source } = block;
    if (type !== "image" || !isRecord(source) || source["type"] !== "base64") continue;
    yield { at: `${at}.image.source.base64`, mediaType: source["media_type"], data: String(source["data"]) };
  }
}

function headerOf({ data }: PlacedImage): ImageHeader | null {
  const bytes = Buffer.from(data, "base64");
  const header = readImageHeader(bytes);
  return header !== null && isDecodable(bytes, header) ? header : null;
}

const image = (media_type: string, bytes: Buffer) => ({
  type: "image",
  source: { type: "base64", media_type, data: bytes.toString("base64") },
});
const showing = (block: unknown): object => saying(user(text("a"), block));
const many = (count: number, side: number): object =>
  saying(user(...Array.from({ length: count }, () => image("image/gif", gif(side, side)))));

export const imageMediaType: Rule = {
  name: "image-media-type",
  demands: "Images are png, jpeg, gif or webp.",
  words: "media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'",
  find: (request) =>
    firstOf(images(request), ({ at, mediaType }) =>
      mediaTypes.has(mediaType) ? null : `${at}.${imageMediaType.words}`,
    ),
  broken: each(
    {
      bmp: "image/bmp",
      svg: "image/svg+xml",
      "any image": "image/*",
      "any bytes": "application/octet-stream",
      jpg: "image/jpg",
    },
    (type) => showing(image(type, png(1, 1))),
  ),
  kept: {
    "an image by URL": () => showing({ type: "image", source: { type: "url", url: "https://example.com/a.bmp" } }),
    ...each(
      {
        png: ["image/png", png(3, 4)],
        gif: ["image/gif", gif(3, 4)],
        jpeg: ["image/jpeg", jpeg(3, 4)],
        webp: ["image/webp", webp("VP8L", "02c00000")],
      } as const,
      ([type, bytes]) => showing(image(type, bytes)),
    ),
  },
};

export const imageBytesNamed: Rule = {
  name: "image-bytes-named",
  demands: "The bytes of an image are of the media type named.",
  words: "media type, but the image appears to be a",
  find: (request) =>
    firstOf(images(request), (placed) => {
      const header = mediaTypes.has(placed.mediaType) ? headerOf(placed) : null;
      if (header === null || header.mediaType === placed.mediaType) return null;
      const said = `The image was specified using the ${String(placed.mediaType)} ${imageBytesNamed.words}`;
      return `${placed.at}: ${said} ${header.mediaType} image`;
    }),
  broken: {
    "a png as a jpeg": () => showing(image("image/jpeg", png(1, 1))),
    "a jpeg as a png": () => showing(image("image/png", jpeg(1, 1))),
    "a webp as a gif, in a tool's result": () =>
      sayingWithTool(
        user(text("a")),
        assistant(use("t1")),
        user(result("t1", [image("image/gif", webp("VP8L", "02c00000"))])),
      ),
  },
  kept: { "a png as a png": () => showing(image("image/png", png(1, 1))) },
};

export const imageDecodable: Rule = {
  name: "image-decodable",
  demands: "Images can be decoded.",
  words: "Could not process image",
  find: (request) =>
    firstOf(images(request), (placed) =>
      mediaTypes.has(placed.mediaType) && headerOf(placed) === null ? `${placed.at}: ${imageDecodable.words}` : null,
    ),
  broken: {
    ...each(
      {
        "no image": Buffer.from("nothing"),
        "no bytes": Buffer.alloc(0),
        "a header alone": png(3, 4).subarray(0, 24),
        "one cut in the middle": png(300, 400).subarray(0, 60),
        "one of no width": png(0, 4),
        "one whose data are broken": Buffer.concat([
          png(3, 4).subarray(0, 41),
          Buffer.alloc(8),
          png(3, 4).subarray(49),
        ]),
      },
      (bytes) => showing(image("image/png", bytes)),
    ),
    "a gif without its end": () => showing(image("image/gif", gif(3, 4).subarray(0, -1))),
    "a jpeg without its end": () => showing(image("image/jpeg", jpeg(3, 4).subarray(0, -2))),
    "a webp cut in half": () =>
      showing(
        image(
          "image/webp",
          Buffer.concat([
            webp("VP8L", "02c00000").subarray(0, 4),
            Buffer.from("ff000000", "hex"),
            webp("VP8L", "02c00000").subarray(8),
          ]),
        ),
      ),
    "in a tool's result": () =>
      sayingWithTool(
        user(text("a")),
        assistant(use("t1")),
        user(result("t1", [image("image/png", Buffer.from("x"))])),
      ),
  },
  kept: { "one that can": () => showing(image("image/png", png(300, 400))) },
};

export const imageDimensions: Rule = {
  name: "image-dimensions",
  demands: "No image has over 8,000 pixels a side, nor over 2,000 where there are more than 20.",
  words: "image dimensions exceed max allowed size",
  find(request) {
    const isMany = imageCount(request) > imagesMany;
    const sideMax = isMany ? sidePixelsMaxWhenMany : sidePixelsMax;
    return firstOf(images(request), (placed) => {
      const header = readImageHeader(Buffer.from(placed.data, "base64"));
      if (header === null || Math.max(header.width, header.height) <= sideMax) return null;
      const which = isMany ? " for many-image requests" : "";
      return `${placed.at}.data: At least one of the ${this.words}${which}: ${sideMax} pixels`;
    });
  },
  broken: {
    "8,001 wide": () => showing(image("image/png", png(8_001, 1))),
    "8,001 high, in a tool's result": () =>
      sayingWithTool(user(text("a")), assistant(use("t1")), user(result("t1", [image("image/png", png(1, 8_001))]))),
    "2,001, of 21": () => many(21, 2_001),
  },
  kept: {
    "8,000 a side": () => showing(image("image/png", png(8_000, 8_000))),
    "2,000, of 21": () => many(21, 2_000),
    "2,001, of 20": () => many(20, 2_001),
  },
};

export const imageSize: Rule = {
  name: "image-size",
  demands: "No image is over 5 MB as base64.",
  words: "image exceeds 5 MB maximum",
  find: (request) =>
    firstOf(images(request), ({ at, data }) =>
      data.length > base64CharsMax
        ? `${at}: ${imageSize.words}: ${data.length} bytes > ${base64CharsMax} bytes`
        : null,
    ),
  broken: {
    "four million bytes": () => showing(image("image/png", Buffer.concat([png(1, 1), Buffer.alloc(4_000_000)]))),
  },
  kept: { "a little less": () => showing(image("image/png", Buffer.concat([png(1, 1), Buffer.alloc(3_900_000)]))) },
};
