/**
 * A result as a small SVG: one group of bars a row. Each row has its own scale, because rows differ in unit and size.
 * The background is transparent and every colour can be read on white and on near-black, because a page's theme is
 * not always the one that the system reports. Pure.
 */
import { figure, type BenchResult, type Row } from "./result.ts";

/** The least contrast of text and bars on both backgrounds. No colour has WCAG's 4.5 for small text on both. */
export const contrastMin = 3.5;
export const backgrounds = ["#ffffff", "#0d1117"] as const;
export const textColour = "#7a7a7a";
/** In the order of a row's sides, ours first. */
export const barColours = ["#3f7fe0", "#c26a1b", "#5f8f57", "#9b6fc4", "#7a7a7a"] as const;

const width = 720;
const labelWidth = 190;
const figureWidth = 100;
const barHeight = 14;
const barGap = 4;
const rowGap = 18;
const titleHeight = 34;
const rowTitleHeight = 18;
const margin = 12;
const barWidthMin = 1;

export function drawResult({ title, rows, machine, date }: BenchResult): string {
  const parts: string[] = [text(margin, 20, title, 'font-size="15" font-weight="600"')];
  let y = titleHeight;
  for (const row of rows) {
    parts.push(text(margin, y + 12, row.label, 'font-size="12" font-weight="600"'));
    parts.push(...bars(row, y + rowTitleHeight));
    y += rowTitleHeight + row.sides.length * (barHeight + barGap) + rowGap;
  }
  const better = rows.some(({ unit }) => unit === "a second")
    ? "shorter is better, but for what is done “a second”"
    : "shorter is better";
  const footnote = `Medians; ${better}. ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${date}.`;
  parts.push(text(margin, y + 4, footnote, 'font-size="11"'));
  const height = y + margin + 4;
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  const look = `font-family="system-ui, sans-serif" fill="${textColour}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="${escape(title)}" ${look}>`,
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

function bars({ sides, unit }: Row, top: number): string[] {
  const most = Math.max(...sides.map(({ summary }) => summary.median));
  const room = width - 2 * margin - labelWidth - figureWidth;
  return sides.flatMap(({ who, summary }, index) => {
    const y = top + index * (barHeight + barGap);
    const share = most > 0 ? Math.max(0, summary.median) / most : 0;
    const length = Math.max(barWidthMin, share * room);
    const left = margin + labelWidth;
    const colour = barColours[Math.min(index, barColours.length - 1)] ?? textColour;
    return [
      text(left - 8, y + 11, who, 'font-size="12" text-anchor="end"'),
      `<rect x="${left}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" rx="2" fill="${colour}"/>`,
      text(left + length + 6, y + 11, figure(summary.median, unit), 'font-size="12"'),
    ];
  });
}

function text(x: number, y: number, words: string, attributes: string): string {
  return `<text x="${x.toFixed(1)}" y="${y}" ${attributes}>${escape(words)}</text>`;
}

function escape(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** WCAG's contrast of two `#rrggbb` colours, 1 to 21. */
export function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return channel <= 0.040_45 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
