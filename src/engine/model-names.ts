/** A way in which other programs write the name of a model, and how it is read. */
interface NameShape {
  readonly pattern: RegExp;
  readonly by: string;
  /** For the README: an example, and what it is taken for. */
  readonly looks: string;
  readonly as: string;
}

/** Capital letters, in which a name of any shape may come. */
const capitals = {
  looks: "Claude-Sonnet-4-5", as: "claude-sonnet-4-5", read: (name: string): string => name.toLowerCase(),
} as const;

/**
 * Tried in this order, each on what the one before has made of the name. The table knows how names are written, and no
 * model: whether a model of that name exists is for the CLI to say.
 */
export const nameShapes: readonly NameShape[] = [
  // Routers put the maker's name before the model's, and sometimes their own before that.
  { pattern: /^.*\//u, by: "", looks: "anthropic/claude-sonnet-4-5", as: "claude-sonnet-4-5" },
  // Bedrock: perhaps a region, the maker, and a version behind the name.
  {
    pattern: /^(?:[a-z-]+\.)?anthropic\.(claude-.*?)(?:-v\d+(?::\d+)?)?$/u, by: "$1",
    looks: "us.anthropic.claude-sonnet-4-5-20250929-v1:0", as: "claude-sonnet-4-5-20250929",
  },
  { pattern: /(?<=-\d+)\.(?=\d)/gu, by: "-", looks: "claude-sonnet-4.5", as: "claude-sonnet-4-5" },
];

/**
 * The version before the family. Read so only if the CLI lists the name in the other order: there are models that
 * really are named in this one.
 */
const otherOrder: NameShape = {
  pattern: /^claude-(\d+(?:-\d+)?)-([a-z]+)$/u, by: "claude-$2-$1", looks: "claude-4.5-sonnet", as: "claude-sonnet-4-5",
};

/** All shapes, for the README's table. */
export const namesTold: readonly Pick<NameShape, "looks" | "as">[] = [...nameShapes, capitals, otherOrder];

/** The ways to read a model's name, from the name as it stands to the one that is the most changed. */
export function readings(name: string): readonly string[] {
  const read = [name];
  for (const { pattern, by } of nameShapes) read.push((read.at(-1) ?? name).replace(pattern, by));
  const lower = read.map(capitals.read);
  return [...new Set([...read, ...lower, ...lower.map((text) => text.replace(otherOrder.pattern, otherOrder.by))])];
}

/** How a name is read that neither this server nor the CLI knows in any of its readings. */
export function lastReading(name: string): string {
  return nameShapes.reduce((text, { pattern, by }) => text.replace(pattern, by), capitals.read(name));
}
