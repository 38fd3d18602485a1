/** The table in src/README.md of the rooms and what they may import, from test/support/architecture.ts. Pure. */
import { type Room, rooms } from "../test/support/architecture.ts";
import { table } from "./readme-table.ts";

export function roomsText(): string {
  const rows = Object.values(rooms).map((room) => [`\`${room.place}\``, room.has, importsText(room)]);
  return table(["room", "what it has", "may import"], rows);
}

function importsText({ imports, importsTypesOf = [] }: Room): string {
  const all = [...imports.map((name) => `\`${name}\``), ...importsTypesOf.map((name) => `types of \`${name}\``)];
  return all.length === 0 ? "nothing" : all.join(", ");
}
