/** How another Node is started that understands TypeScript. */

/** Node's arguments for that: those of this process. It may run in any folder. */
export const typescriptArguments: readonly string[] = process.execArgv.flatMap((argument, index, all) => {
  if (/^--(?:import|require)=/u.test(argument)) return [argument];
  const value = all[index + 1];
  return (argument === "--import" || argument === "--require") && value !== undefined ? [argument, value] : [];
});
