import assert from "node:assert/strict";
import { it } from "node:test";
import { turnRoute } from "../../src/index.ts";
import { madeUpDialect } from "../api/made-up-dialect/dialect.ts";
import { startEmbedded } from "../support/embedded-server.ts";
import { fakeProgramPath } from "../support/fake-claude.ts";
import { waitForHealth } from "../support/health.ts";
import { postJson } from "../support/sse.ts";

it("a stream whose head cannot be made ends its turn with the failure, though the CLI is silent", async (t) => {
  const dialect = { ...madeUpDialect, windowHeaders: () => { throw new Error("planted"); } };
  const config = { claude: fakeProgramPath("silent"), headWaitSeconds: 1 };
  const { url } = await startEmbedded(t, config, {}, { routes: [turnRoute("/v2/lines", dialect)] });
  const response = await postJson(`${url}/v2/lines`, { say: ["hi"], stream: true });
  assert.deepEqual([response.status, await response.json()], [422, ["internal", null]]);
  await waitForHealth(url, ({ running_turns: running }) => running === 0);
});
