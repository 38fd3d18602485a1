/** Settles as `promise` does, or as `late` does after `ms` milliseconds, whichever is first. */
export async function orLate<Value>(promise: Promise<Value>, ms: number, late: () => Value): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  return await Promise.race([promise, over.then(late)]).finally(() => clearTimeout(timer));
}
