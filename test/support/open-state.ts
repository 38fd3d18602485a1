/** A state on disk, as the server has it, with a clock that the test moves. */
import type { TestContext } from "node:test";
import { StateDatabase } from "../../src/state/database.ts";
import { State, type StateOptions } from "../../src/state/state.ts";
import { cleanUp } from "./cleanup.ts";

export interface OpenState {
  readonly state: State;
  readonly database: StateDatabase;
}

/** Open, and closed after the test if the test does not do it. */
export async function openState(t: TestContext, folder: string, options: Partial<StateOptions> = {}): Promise<OpenState> {
  const database = new StateDatabase(folder);
  const state = new State({ folder, apiKey: undefined, bytesMax: 64 * 1024 * 1024, secondsMax: 30 * 86_400, nowSeconds: () => 1_000_000_000, ...options }, database);
  await state.open();
  cleanUp(t, () => state.close());
  return { state, database };
}
