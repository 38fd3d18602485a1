/** A process on a made-up CLI, with all that it tells. */
import type { TestContext } from "node:test";
import { startFakeNode, Witness } from "./fake-claude.ts";

export async function startWatched(t: TestContext, name: string, environment?: Readonly<Record<string, string>>) {
  const fake = await startFakeNode(t, name, environment);
  const witness = new Witness();
  fake.claude.attach(witness);
  return { ...fake, witness };
}
