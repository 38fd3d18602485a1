import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseChatRequest } from "../src/api/openai/chat-completions/request.ts";
import { imageType } from "../src/image-type.ts";

const images: Readonly<Record<string, Buffer>> = {
  "image/png": Buffer.from("\x89PNG\r\n\x1a\n\0\0\0\0", "latin1"),
  "image/jpeg": Buffer.from("\xff\xd8\xff\xe0\0\0\0\0\0\0\0\0", "latin1"),
  "image/gif": Buffer.from("GIF89a\0\0\0\0\0\0", "latin1"),
  "image/webp": Buffer.from("RIFF\0\0\0\0WEBPVP8 ", "latin1"),
};

describe("an image's type", () => {
  for (const [type, bytes] of Object.entries(images)) {
    it(`is ${type} by its first bytes`, () => assert.equal(imageType(bytes), type));

    it(`is ${type} in a request, whatever the data URL says`, () => {
      const url = `data:image/png;base64,${bytes.toString("base64")}`;
      const { turn } = parseChatRequest({ messages: [{ role: "user", content: [{ type: "image_url", image_url: { url } }] }] }, "opus");
      assert.deepEqual(turn.messages[0]?.content[0], { type: "image", source: { type: "base64", media_type: type, data: bytes.toString("base64") } });
    });
  }

  it("is none for other bytes", () => {
    for (const bytes of ["", "RIFF\0\0\0\0WAVEfmt ", "%PDF-1.7", "<svg></svg>", "\x89PNG"]) assert.equal(imageType(Buffer.from(bytes, "latin1")), undefined);
  });
});
