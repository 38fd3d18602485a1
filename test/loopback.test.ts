import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isLoopbackAuthority, isLoopbackHost } from "../src/loopback.ts";

describe("isLoopbackHost", () => {
  for (const host of ["localhost", "LOCALHOST", "127.0.0.1", "127.255.0.9", "::1"]) {
    it(`takes ${host}`, () => assert.equal(isLoopbackHost(host), true));
  }
  for (const host of ["", "0.0.0.0", "::", "[::1]", "128.0.0.1", "127.0.0.1.example.com", "127.1", "localhost.example.com", "127.evil.com"]) {
    it(`refuses ${JSON.stringify(host)}`, () => assert.equal(isLoopbackHost(host), false));
  }
});

describe("isLoopbackAuthority", () => {
  for (const authority of ["localhost", "localhost:3456", "app.localhost:80", "127.0.0.1:1", "[::1]", "[::1]:3456", "LocalHost:3456"]) {
    it(`takes ${authority}`, () => assert.equal(isLoopbackAuthority(authority), true));
  }
  for (const authority of [
    "", ":80", "::1", "[::1", "[::2]:80", "localhost:", "localhost:80:80", "localhost:999999", "user@localhost", "localhost/", "localhost ",
    "localhost.evil.com", "evil.com", "evil-localhost", "127.0.0.1.evil.com", "10.0.0.1:3456", "localhost, evil.com",
  ]) {
    it(`refuses ${JSON.stringify(authority)}`, () => assert.equal(isLoopbackAuthority(authority), false));
  }
});
