/** Calls once after `ms` milliseconds. Returns a function that cancels it. */
export type After = (ms: number, call: () => void) => () => void;

export const afterInNode: After = (ms, call) => {
  const timer = setTimeout(call, ms);
  return () => clearTimeout(timer);
};

/** Settles as `promise` does, or as `late` does after `ms` milliseconds, whichever is first. */
export async function orLate<Value, Late = Value>(
  promise: Promise<Value>, ms: number, late: () => Late, after: After = afterInNode,
): Promise<Value | Late> {
  let cancel = (): void => {};
  const over = new Promise<void>((resolve) => {
    cancel = after(ms, resolve);
  });
  return await Promise.race([promise, over.then(late)]).finally(cancel);
}
