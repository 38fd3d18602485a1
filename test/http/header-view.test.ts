import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { headerView } from "../../src/http/header-view.ts";

describe("what a dialect sees of a request's headers", () => {
  it("is each by its name, in whatever case it is asked for, and nothing for one that was not sent", () => {
    const header = headerView({ "x-a": "1", "set-cookie": ["b=2", "c=3"] });
    assert.deepEqual(["x-a", "X-A", "set-cookie", "x-b", "constructor"].map(header), ["1", "1", "b=2, c=3", undefined, undefined]);
  });

  it("is no key", () => {
    const header = headerView({ authorization: "Bearer s", "x-api-key": "s", cookie: "s", "proxy-authorization": "s" });
    assert.deepEqual(["authorization", "Authorization", "x-api-key", "X-API-Key", "cookie", "proxy-authorization"].map(header), Array(6).fill(undefined));
  });
});
