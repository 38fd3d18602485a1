/** The rules of what a source file looks like, as pure functions, so that they can be tried on made-up sources. */

const columnsMax = 120;

/** Every line of more than 120 columns, a sentence each; a character beyond the first 65,536 counts as one column too. */
export function widthBreaches(file: string, source: string): string[] {
  return source.split("\n").flatMap((line, index) => {
    const columns = [...line].length;
    if (columns <= columnsMax) return [];
    return [`${file}:${index + 1} is ${columns} columns wide: at most ${columnsMax} are allowed.`];
  });
}
