/**
 * A reporter for Node's test runner: each event of a test that failed, as a line of JSON. Plain JavaScript, as the
 * runner loads it before `tsx`. second-try.ts reads the lines.
 */
export default async function* failures(events) {
  for await (const { type, data } of events) {
    if (type !== "test:fail") continue;
    const { name, file, details } = data;
    const { failureType } = details?.error ?? {};
    yield `${JSON.stringify({ type, data: { name, file, details: { error: { failureType } } } })}\n`;
  }
}
