/** The README's table of the shapes that are taken for others, from the tables that the server reads requests by. */
import { type ShapeTold, shapesTold } from "../src/api/openai/shapes.ts";
import { namesTold } from "../src/engine/model-names.ts";
import { pathShapes } from "../src/http/router.ts";
import { table } from "./readme-table.ts";

export function shapesText(): string {
  const rows = together(shapesTold()).map((shapes) => {
    const [first] = shapes;
    const looks = shapes.map((shape) => `\`${shape.looks}\``).join(", ");
    return [first?.where ?? "", looks, first?.whose ?? "", first?.as ?? ""];
  });
  const coded = (text: string): string => text.split(", ").map((one) => `\`${one}\``).join(", ");
  const rewritten = [
    ...namesTold.map(({ looks, as }) => ["the model's name", coded(looks), "", coded(as)]),
    ...pathShapes.map(({ looks, as }) => ["the path", coded(looks), "", coded(as)]),
  ];
  return table(["where", "what", "whose it is", "is taken for"], [...rows, ...rewritten]);
}

/** Shapes of one place and one API that are taken for the same are one row. */
function together(shapes: readonly ShapeTold[]): ShapeTold[][] {
  const rows = new Map<string, ShapeTold[]>();
  for (const shape of shapes) {
    const key = JSON.stringify([shape.where, shape.whose, shape.as]);
    rows.set(key, [...rows.get(key) ?? [], shape]);
  }
  return [...rows.values()];
}
