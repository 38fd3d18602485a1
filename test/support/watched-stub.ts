/** The API on loopback for a test of the server on a real CLI: at its end, nothing may have gone up that is nobody's. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { type AnthropicStub, type AnthropicStubOptions, startAnthropicStub } from "./anthropic-stub.ts";
import { cleanUp } from "./cleanup.ts";
import { strangersIn } from "./upstream-conversation.ts";

export interface WatchedStubOptions extends AnthropicStubOptions {
  /** What the API refuses is the test's own affair. */
  readonly mayRefuse?: boolean;
  /** The API is asked to count tokens, where no model is. */
  readonly mayCount?: boolean;
}

/** What the CLI asks of other paths, with all that it says there: 2.1.197 looks whether the API is there. */
const knownOthers: readonly string[] = ["HEAD /"];

/** Closed with the test. It then looks at each request: its words, whether it was refused, and where it went. */
export async function startStub(t: TestContext, options: WatchedStubOptions = {}): Promise<AnthropicStub> {
  const stub = await startAnthropicStub(options);
  cleanUp(t, async () => {
    await stub.close();
    assert.deepEqual(stub.requests.flatMap(({ body }) => strangersIn(body)), [], "words that are nobody's went up");
    if (options.mayRefuse !== true) {
      assert.deepEqual(stub.refusals.map(({ message }) => message), [], "the real API would have refused");
    }
    const others = stub.others.map(({ method, path, bodyText }) => `${method} ${path} ${bodyText}`.trim());
    if (options.mayCount !== true) assert.deepEqual(stub.counts.map(({ body }) => body.messages), [], "tokens are counted that nobody asked for");
    assert.deepEqual(others.filter((other) => !knownOthers.includes(other)), [], "something else is asked of the API");
  });
  return stub;
}
