/** A reporter for Node's test runner: a line of JSON for each test that fails. See second-try.ts. */
import { failureOf, type RunnerEvent } from "./second-try.ts";

export default async function* failures(events: AsyncIterable<RunnerEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    const failure = failureOf(event);
    if (failure !== undefined) yield `${JSON.stringify(failure)}\n`;
  }
}
