/** What an image is, is told by its bytes: many clients say another type, or none. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { base64Image, imageAt } from "../../src/api/image-block.ts";
import { assertRefuses, refusalOf } from "../support/refusal.ts";

const bytes = {
  "image/png": Buffer.from("89504e470d0a1a0a0000000d49484452", "hex"),
  "image/jpeg": Buffer.from("ffd8ffe000104a464946000101010048", "hex"),
  "image/gif": Buffer.from("GIF89a\u0001\u0000\u0001\u0000\u0000\u0000", "latin1"),
  "image/webp": Buffer.from("RIFF\u001a\u0000\u0000\u0000WEBPVP8L", "latin1"),
} as const;
const unknown = Buffer.from("no image at all").toString("base64");
const block = (media_type: string, data: string): object => ({ type: "image", source: { type: "base64", media_type, data } });

describe("an image in a data URL", () => {
  for (const [type, raw] of Object.entries(bytes)) {
    const data = raw.toString("base64");
    for (const said of ["application/octet-stream", "image/*", "", "IMAGE/PNG", "image/svg+xml", "binary/octet-stream", "text/plain;charset=utf-8", "image/x-unknown", "*/*"]) {
      it(`of ${type} said to be ${JSON.stringify(said)} is what it is`, () => assert.deepEqual(imageAt(`data:${said};base64,${data}`, "url"), block(type, data)));
    }

    it(`of ${type} may be base64 without "data:" before it`, () => assert.deepEqual(imageAt(data, "url"), block(type, data)));

    it(`of ${type} may be wrapped into lines`, () => {
      const wrapped = data.replace(/.{6}/gu, "$&\r\n");
      assert.deepEqual(imageAt(`data:image/png;base64,${wrapped}`, "url"), block(type, data));
    });
  }

  it("whose bytes tell nothing is what it is said to be, where the API takes that", () => {
    for (const said of ["image/png", "image/jpeg", "image/gif", "image/webp"]) assert.deepEqual(imageAt(`data:${said};base64,${unknown}`, "url"), block(said, unknown));
    assert.deepEqual(imageAt(`data:image/jpg;base64,${unknown}`, "url"), block("image/jpeg", unknown));
  });

  for (const said of ["application/octet-stream", "image/*", "", "image/svg+xml", "image/heic", "text/html"]) {
    it(`whose bytes tell nothing, said to be ${JSON.stringify(said)}, is refused`, () => assertRefuses(refusalOf(() => imageAt(`data:${said};base64,${unknown}`, "url")), "invalid_value", "url"));
  }

  for (const url of ["", "iVBOR", "hello", "data:image/png", "data:image/png;base64", "data:image/png,iVBORw0KGgo=", "ftp://example.com/a.png", `${unknown}`, "iVBORw0KGgoAAAAN?", " data:image/png;base64,AAAA"]) {
    it(`${JSON.stringify(url)} is no URL of one`, () => assertRefuses(refusalOf(() => imageAt(url, "url")), "unsupported_parameter", "url"));
  }

  it("takes no longer for being long and wrong", () => {
    assertRefuses(refusalOf(() => imageAt(`data:${"a".repeat(1_000_000)}`, "url")), "unsupported_parameter", "url");
    assertRefuses(refusalOf(() => imageAt(`data:image/png${";a=b".repeat(200_000)},x`, "url")), "unsupported_parameter", "url");
    assertRefuses(refusalOf(() => imageAt(`data:image/png;base64,${"A\n".repeat(500_000)}?`, "url")), "invalid_value", "url");
  });
});

describe("an image's base64", () => {
  it("is what its bytes are, whatever is said", () => {
    const data = bytes["image/webp"].toString("base64");
    for (const mediaType of ["image/png", "application/octet-stream", "", "image/*"]) assert.deepEqual(base64Image({ mediaType, data }, "data"), block("image/webp", data));
    assertRefuses(refusalOf(() => base64Image({ mediaType: "image/*", data: unknown }, "data")), "invalid_value", "data");
  });
});
