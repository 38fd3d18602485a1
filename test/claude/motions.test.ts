import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ControlChannel } from "../../src/claude/control.ts";
import { goThroughMotions } from "../../src/claude/motions.ts";
import type { ClaudeProcess } from "../../src/claude/process.ts";

/** A CLI that takes back the last message it was told, if the request names it, and no more at once. */
function takesBackOneByOne() {
  const told: string[] = [];
  const control = new ControlChannel((line) => {
    const { request_id, request } = JSON.parse(line);
    const isLast = request.target_message_uuid === told.at(-1) && [undefined, told.at(-1)].includes(request.last_seen_user_message_uuid);
    if (isLast) told.pop();
    control.settle({ response: { subtype: "success", request_id, response: isLast ? { rewound: true } : { rewound: false, error: "stale target" } } });
  });
  const write = (line: string): Promise<void> => Promise.resolve(void told.push(JSON.parse(line).uuid));
  return { told, control, process: { write } as unknown as ClaudeProcess };
}

describe("the motions of a rehearsal", () => {
  it("leave nothing behind also where the CLI takes back but one message a request", async () => {
    const { told, control, process } = takesBackOneByOne();
    let sent = 0;
    const acknowledged = (): Promise<void> => Promise.resolve(void sent++);
    await goThroughMotions({ process, control, prepared: Promise.resolve(), isDue: () => false, acknowledged });
    assert.ok(sent > 1, `${sent} messages`);
    assert.deepEqual(told, []);
  });
});
