/** A table in Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => {
    const escaped = cells.map((cell) => cell.replaceAll("|", "\\|"));
    return `| ${escaped.join(" | ")} |`;
  };
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
