/** Whether a schema of a raw body is the client's: as it is, or with its union where the API takes one. */
import { formatTexts, patternTexts } from "../../src/own-words.ts";
import type { Sent } from "./chat-transcript.ts";
import { isSameJson, plainOf } from "./exact-json.ts";
import { fitsSchema } from "./schema-sources/judge.ts";

/**
 * An object's schema goes up as it is; one with a union at its top says the same in another form. Numbers in `given`
 * are written as `parseExact` does.
 */
export function isSchemaFor(given: Sent, sent: unknown): boolean {
  if (sent === undefined || sent === null) return isSameJson(given, { type: "object", properties: {} });
  const { $schema: _draft, ...schema } = withoutBrokenPatterns(sent) as Sent;
  if (!unions.some((key) => schema[key] !== undefined)) return isSameJson(given, { ...schema, type: "object" });
  return isUnionFor(given, schema) && meansTheSame(plainOf(given), schema);
}

/** The API takes no pattern that is no expression: it is told in words. */
function withoutBrokenPatterns(schema: unknown): unknown {
  return inWords(schema, "pattern", (pattern) => (isExpression(pattern) ? undefined : patternTexts.join(pattern)));
}

/** An answer's schema, as the CLI's tool has it: the CLI does not know a format. */
export function withoutFormats(schema: unknown): unknown {
  return inWords(schema, "format", (format) => formatTexts.join(format));
}

/** A schema in which words behind the description tell what a keyword says, wherever `tell` has any for it. */
function inWords(value: unknown, keyword: "pattern" | "format", tell: (text: string) => string | undefined): unknown {
  if (Array.isArray(value)) return value.map((inner) => inWords(inner, keyword, tell));
  if (typeof value !== "object" || value === null) return value;
  const whole: Sent = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, inWords(inner, keyword, tell)]));
  const { [keyword]: said, ...rest } = whole;
  const words = typeof said === "string" ? tell(said) : undefined;
  if (words === undefined) return whole;
  return { ...rest, description: rest["description"] === undefined ? words : `${rest["description"]}\n\n${words}` };
}

function isExpression(pattern: string): boolean {
  try {
    return new RegExp(pattern, "u").source !== "";
  } catch {
    return false;
  }
}

const unions = ["anyOf", "oneOf", "allOf"] as const;
/** What the members of an `allOf` may say for it to need no definition: all of that stands at the top. */
const merged: ReadonlySet<string> = new Set(["type", "properties", "required"]);

/**
 * Whether a schema says a union as README tells: the client's, all of it, as a definition, and at the top what it says
 * of each property.
 */
function isUnionFor({ type, properties, required, $ref: reference, $defs: defs = {}, ...beside }: Sent, sent: Sent): boolean {
  const { $defs: ownDefs = {}, ...own } = sent;
  const [, name = ""] = /^#\/\$defs\/(shape_*)$/u.exec(String(reference)) ?? [];
  const { [name]: moved, ...others } = defs;
  const isMerged = reference === undefined;
  const ofTheUnion = isMerged
    ? Object.fromEntries(Object.entries(own).filter(([keyword]) => keyword !== "allOf" && !merged.has(keyword))) : own;
  const isAll = isMerged
    ? own["anyOf"] === undefined && own["oneOf"] === undefined
      && membersOf(sent, "allOf").every((member) => Object.keys(member).every((keyword) => merged.has(keyword)))
    : moved !== undefined && Object.keys(beside).every((keyword) => !Object.hasOwn(moved, keyword) && !unions.some((union) => union === keyword));
  return type === "object" && isAll && isSameJson(isMerged ? defs : others, ownDefs)
    && isSameJson({ ...beside, ...moved }, ofTheUnion) && showsProperties(properties ?? {}, sent)
    && isSameJson([...required ?? []].sort(), requiredOf(sent).sort());
}

/** Beside these a reference says all that there is. */
const notes: ReadonlySet<string> = new Set(["$ref", "title", "description", "default", "examples", "deprecated", "$comment"]);

/** The members of a union that an object may fit; a reference that stands alone is followed. */
function membersOf(sent: Sent, keyword: (typeof unions)[number]): Sent[] {
  return (sent[keyword] ?? []).map((member: unknown) => (member === true ? {} : followed(member, sent)))
    .filter((member: unknown) => typeof member === "object" && [(member as Sent)["type"] ?? "object"].flat().includes("object"));
}

function followed(member: any, sent: Sent): any {
  const isReference = String(member?.$ref).startsWith("#/") && Object.keys(member).every((key) => notes.has(key));
  if (!isReference) return member;
  const steps = member.$ref.split("/").slice(1).map((step: string) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  return followed(steps.reduce((found: any, step: string) => found?.[step], sent), sent);
}

function requiredOf(sent: Sent): string[] {
  const ofMembers = unions.flatMap((keyword) => {
    const [first = [], ...others] = membersOf(sent, keyword).map(({ required = [] }): string[] => required);
    return keyword === "allOf" ? [first, ...others].flat() : first.filter((name) => others.every((names) => names.includes(name)));
  });
  return [...new Set([...(sent["required"] ?? []), ...ofMembers])];
}

/** Whether the top shows the properties of the client's and no others, each by what the client says of it. */
function showsProperties(shown: Sent, sent: Sent): boolean {
  const all = [sent, ...unions.flatMap((keyword) => membersOf(sent, keyword))];
  const names = new Set(all.flatMap(({ properties = {} }) => Object.keys(properties)));
  return isSameJson(Object.keys(shown).sort(), [...names].sort())
    && [...names].every((name) => waysOf(name, sent).some((way) => isSameJson(shown[name], way)));
}

/**
 * The ways in which the top may show a property: of a union either all that its members say, or the first one's title
 * and description, without what words tell there of a format that is not shown.
 */
function waysOf(name: string, sent: Sent): unknown[] {
  const parts = unions.reduce((ways: unknown[][], keyword) => {
    const said = saidOf(name, membersOf(sent, keyword));
    if (said.length === 0) return ways;
    const { title, description } = said[0] ?? {};
    const described = [description, String(description ?? "").replace(formatWords, "") || undefined];
    const noted = described.map((text) => [JSON.parse(JSON.stringify({ title, description: text }))]);
    const choices = keyword === "allOf" ? [said] : [...noted, said.length === 1 ? said : [{ anyOf: said }]];
    return ways.flatMap((way) => choices.map((choice) => distinct([...way, ...choice])));
  }, [saidOf(name, [sent])]);
  return parts.map((way) => (way.length === 1 ? way[0] : { allOf: way }));
}

const formatWords = new RegExp(`(?:^|\\n\\n)${formatTexts.join("[a-z-]+").replace(/\.$/u, "\\.")}$`, "u");

const saidOf = (name: string, schemas: readonly Sent[]): Sent[] => distinct(schemas.flatMap(({ properties = {} }) => (
  Object.hasOwn(properties, name) ? [properties[name]] : [])));

function distinct<T>(values: readonly T[]): T[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}

function meansTheSame(given: unknown, sent: Sent): boolean {
  return documentsFor(sent).every((document) => (
    fitsSchema(given, document, "2020-12") === fitsSchema(sent, document, "2020-12")));
}

const longestText = 10_000;

/** Objects with one and two of the names that the schema has, and values of several types and at its bounds. */
function documentsFor(schema: Sent): readonly Sent[] {
  const text = JSON.stringify(schema);
  const names = [...new Set([...text.matchAll(/"([^"]+)":/gu)].map(([, name = ""]) => name))];
  const bounds = [...new Set([...text.matchAll(/:(-?\d+(?:\.\d+)?)(?=[,}])/gu)].map(([, digits]) => Number(digits)))];
  const around = bounds.flatMap((bound) => [bound - 1, bound, bound + 1]);
  const lengths = around.filter((length) => Number.isInteger(length) && length >= 0 && length <= longestText);
  const each = (values: readonly unknown[]): Sent[] => names.flatMap((name) => values.map((value) => ({ [name]: value })));
  const simple = each(["x", 1, null, []]);
  return [
    {}, ...simple, ...simple.flatMap((one) => simple.slice(0, 12).map((other) => ({ ...one, ...other }))),
    ...each([...around, ...lengths.map((length) => "x".repeat(length))]),
  ];
}
