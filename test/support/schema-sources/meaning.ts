/** What a schema says, apart from how any draft or generator writes it: made at random, judged by itself. */
import type { Random } from "../random.ts";

export type Meaning =
  | { readonly kind: "any" | "boolean" | "null" }
  | { readonly kind: "string"; readonly min?: number; readonly max?: number; readonly pattern?: string; readonly format?: string }
  | { readonly kind: "number" | "integer"; readonly min?: number; readonly above?: number; readonly max?: number; readonly below?: number; readonly step?: number }
  | { readonly kind: "enum"; readonly values: readonly unknown[] }
  | { readonly kind: "const"; readonly value: unknown }
  | { readonly kind: "list"; readonly of: Meaning; readonly min?: number; readonly max?: number; readonly unique?: boolean }
  | { readonly kind: "tuple"; readonly first: readonly Meaning[]; readonly rest: Meaning | undefined; readonly closed: boolean }
  | { readonly kind: "object"; readonly members: readonly Member[]; readonly others: Meaning | "none" | undefined; readonly needs: readonly (readonly [string, string])[] }
  | { readonly kind: "nullable"; readonly of: Meaning }
  | { readonly kind: "union"; readonly of: readonly Meaning[]; readonly isExclusive: boolean }
  | { readonly kind: "not"; readonly but: Meaning }
  | { readonly kind: "named"; readonly name: string };

export interface Member { readonly name: string; readonly meaning: Meaning; readonly isRequired: boolean }

export interface Whole { readonly top: Meaning; readonly definitions: Readonly<Record<string, Meaning>> }

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);
const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

export function fits(meaning: Meaning, value: unknown, whole: Whole): boolean {
  const within = (inner: Meaning, part: unknown): boolean => fits(inner, part, whole);
  switch (meaning.kind) {
    case "any": return true;
    case "boolean": return typeof value === "boolean";
    case "null": return value === null;
    case "string": {
      if (typeof value !== "string") return false;
      const { min = 0, max = Infinity, pattern } = meaning;
      return value.length >= min && value.length <= max && (pattern === undefined || new RegExp(pattern, "u").test(value));
    }
    case "number": case "integer": {
      if (typeof value !== "number" || (meaning.kind === "integer" && !Number.isInteger(value))) return false;
      const { min = -Infinity, max = Infinity, above = -Infinity, below = Infinity, step } = meaning;
      return value >= min && value <= max && value > above && value < below && (step === undefined || Number.isInteger(value / step));
    }
    case "enum": return meaning.values.some((entry) => same(entry, value));
    case "const": return same(meaning.value, value);
    case "list": {
      if (!Array.isArray(value)) return false;
      const { min = 0, max = Infinity, unique = false } = meaning;
      return value.length >= min && value.length <= max && value.every((part) => within(meaning.of, part))
        && (!unique || new Set(value.map((part) => JSON.stringify(part))).size === value.length);
    }
    case "tuple": {
      if (!Array.isArray(value) || (meaning.closed && value.length > meaning.first.length)) return false;
      return value.every((part, index) => {
        const inner = meaning.first[index] ?? meaning.rest;
        return inner === undefined || within(inner, part);
      });
    }
    case "object": {
      if (!isFields(value)) return false;
      const { members, others, needs } = meaning;
      const known = new Map(members.map((member) => [member.name, member]));
      return members.every(({ name, isRequired }) => !isRequired || Object.hasOwn(value, name))
        && needs.every(([name, other]) => !Object.hasOwn(value, name) || Object.hasOwn(value, other))
        && Object.entries(value).every(([name, part]) => {
          const inner = known.get(name)?.meaning ?? others;
          return inner === undefined || (inner !== "none" && within(inner, part));
        });
    }
    case "nullable": return value === null || within(meaning.of, value);
    case "union": {
      const fitting = meaning.of.filter((inner) => within(inner, value)).length;
      return meaning.isExclusive ? fitting === 1 : fitting > 0;
    }
    case "not": return !within(meaning.but, value);
    case "named": return within(whole.definitions[meaning.name] as Meaning, value);
  }
}

/** A value that mostly fits. */
export function sampleOf(meaning: Meaning, whole: Whole, random: Random, depth = 0): unknown {
  const within = (inner: Meaning): unknown => sampleOf(inner, whole, random, depth + 1);
  switch (meaning.kind) {
    case "any": return random.pick([1, "x", null, true, [2], { y: 3 }]);
    case "boolean": return random.pick([true, false]);
    case "null": return null;
    case "string": {
      if (meaning.pattern !== undefined) return random.pick(["ab", "abc", "ab12", "zz"]);
      const length = (meaning.min ?? 0) + random.below(Math.min(4, (meaning.max ?? 9) - (meaning.min ?? 0) + 1));
      return "abcdefghij".slice(0, length);
    }
    case "number": case "integer": {
      const { min = -20, max = 20, above, below, step = 1 } = meaning;
      const low = Math.max(min, (above ?? -21) + 1);
      const high = Math.min(max, (below ?? 21) - 1);
      const whole10 = low + random.below(Math.max(1, high - low + 1));
      const value = Math.ceil(whole10 / step) * step;
      return meaning.kind === "number" && meaning.step === undefined && random.below(3) === 0 ? value - 0.25 : value;
    }
    case "enum": return random.pick(meaning.values);
    case "const": return meaning.value;
    case "list": {
      const length = (meaning.min ?? 0) + random.below(Math.min(3, (meaning.max ?? 9) - (meaning.min ?? 0) + 1));
      return Array.from({ length: depth > 6 ? meaning.min ?? 0 : length }, () => within(meaning.of));
    }
    case "tuple": {
      const first = meaning.first.slice(0, random.below(meaning.first.length + 1)).map(within);
      return first.length < meaning.first.length || meaning.closed || random.below(2) === 0 ? first : [...first, ...(meaning.rest === undefined ? [7] : [within(meaning.rest)])];
    }
    case "object": {
      const chosen = meaning.members.filter(({ isRequired }) => isRequired || (depth < 6 && random.below(2) === 0));
      const names = new Set(chosen.map(({ name }) => name));
      for (const [name, other] of meaning.needs) if (names.has(name)) names.add(other);
      const entries = meaning.members.filter(({ name }) => names.has(name)).map(({ name, meaning: inner }) => [name, within(inner)]);
      const extra = meaning.others !== "none" && random.below(4) === 0 ? [["another", meaning.others === undefined ? 1 : within(meaning.others)]] : [];
      return Object.fromEntries([...entries, ...extra]);
    }
    case "nullable": return random.below(3) === 0 ? null : within(meaning.of);
    case "union": return within(random.pick(meaning.of));
    case "not": return random.pick(["x", 3, null, [], false]);
    case "named": return within(whole.definitions[meaning.name] as Meaning);
  }
}

/** A value with one thing in it changed: something dropped, added, or put in another's place. */
export function changed(value: unknown, random: Random): unknown {
  if (isFields(value)) {
    const names = Object.keys(value);
    const name = names[random.below(names.length + 1)];
    if (name === undefined) return { ...value, another: random.pick([1, "x", null, {}]) };
    if (random.below(3) === 0) return Object.fromEntries(Object.entries(value).filter(([other]) => other !== name));
    return { ...value, [name]: random.below(2) === 0 ? changed(value[name], random) : other(value[name], random) };
  }
  if (Array.isArray(value)) {
    if (value.length === 0 || random.below(3) === 0) return [...value, ...(value.length === 0 ? [random.pick([1, "x", null])] : [value[0], value[0]])];
    const at = random.below(value.length);
    return value.map((part, index) => (index === at ? changed(part, random) : part));
  }
  if (typeof value === "number") return random.pick([value + 1, value - 1, value + 100, value - 100, value + 0.5, String(value)]);
  if (typeof value === "string") return random.pick([`${value}!`, value.slice(1), `${value}${value}abcdefghijkl`, "", 5]);
  return other(value, random);
}

function other(value: unknown, random: Random): unknown {
  return random.pick([null, true, 7, "zzzz", [], {}, [value], -1000]);
}

const plainNames = ["city", "kind", "limit", "name", "note", "size", "tags", "when", "place", "options", "mode", "id"] as const;
const oddNames = ["$top", "filter[id]", "Straße", "a b", `long_${"x".repeat(70)}`, "@type", "名前", "x/y~z", "$filter"] as const;

const unionsApart: readonly (readonly Meaning[])[] = [[{ kind: "string", max: 3 }, { kind: "integer" }], [{ kind: "boolean" }, { kind: "list", of: { kind: "string" } }]];
const overlappingUnions: readonly (readonly Meaning[])[] = [[{ kind: "string", max: 3 }, { kind: "string", min: 2 }], [{ kind: "integer" }, { kind: "number", min: 0 }]];

export interface Wishes {
  readonly hasTuples: boolean;
  readonly hasNeeds: boolean;
  readonly hasOddNames: boolean;
  readonly hasNot: boolean;
  readonly hasTopUnion: boolean;
  readonly hasRecursion: boolean;
  /** It cannot say that one member of a union fits alone, so members are drawn that no value fits two of. */
  readonly lacksOneOf: boolean;
}

export function makeMeaning(random: Random, wishes: Wishes): Whole {
  const definitions: Record<string, Meaning> = {};
  const top = wishes.hasTopUnion && random.below(2) === 0 ? topUnion() : object(0);
  return { top, definitions };

  function topUnion(): Meaning {
    const shapes = ["cat", "dog", "fish"].slice(0, 2 + random.below(2)).map((kind): Meaning => {
      const shape = object(1);
      if (shape.kind !== "object") return shape;
      return { ...shape, needs: [], members: [{ name: "kind", meaning: { kind: "const", value: kind }, isRequired: true }, ...shape.members.filter(({ name }) => name !== "kind")] };
    });
    return { kind: "union", of: shapes, isExclusive: random.below(2) === 0 };
  }

  function object(depth: number): Meaning {
    const names = new Set(Array.from({ length: 2 + random.below(3) }, () => random.pick(plainNames) as string));
    if (wishes.hasOddNames && random.below(2) === 0) names.add(random.pick(oddNames));
    const members = [...names].map((name) => ({ name, meaning: any(depth + 1), isRequired: random.below(2) === 0 }));
    const [first, second] = members;
    const needs = wishes.hasNeeds && random.below(2) === 0 && first !== undefined && second !== undefined ? [[first.name, second.name] as const] : [];
    const others = random.pick(["none", undefined, undefined, depth > 0 ? { kind: "integer" } as const : undefined] as const);
    return { kind: "object", members, others, needs };
  }

  function any(depth: number): Meaning {
    const kinds = ["string", "string", "number", "integer", "boolean", "enum", "nullable", "nullable", "const", "any"];
    if (depth < 3) kinds.push("list", "list", "object", "named", "union", ...(wishes.hasTuples ? ["tuple", "tuple"] : []), ...(wishes.hasNot ? ["not"] : []));
    switch (random.pick(kinds)) {
      case "string": return { kind: "string", ...random.pick([{}, { min: 1 }, { max: 5 }, { min: 2, max: 4 }, { pattern: "^[a-z]+$" }, { pattern: "^ab" }, { format: "date-time" }]) };
      case "number": return { kind: "number", ...random.pick([{}, { min: 0 }, { above: 0 }, { below: 10 }, { above: -5, max: 5 }, { min: 1, below: 9 }]) };
      case "integer": return { kind: "integer", ...random.pick([{}, { min: 1, max: 100 }, { above: 0 }, { step: 5 }, { max: 3 }]) };
      case "boolean": return { kind: "boolean" };
      case "enum": return { kind: "enum", values: random.pick([["a", "b"], ["x", "y", "z"], [1, 2, 3], ["a", null]]) };
      case "const": return { kind: "const", value: random.pick(["fixed", 5, true]) };
      case "nullable": return { kind: "nullable", of: notNull(depth) };
      case "list": return { kind: "list", of: any(depth + 1), ...random.pick([{}, { min: 1 }, { max: 2 }, { min: 1, max: 3, unique: true }, { unique: true }]) };
      case "tuple": return { kind: "tuple", first: [any(depth + 1), any(depth + 1)], ...random.pick([{ rest: undefined, closed: true }, { rest: undefined, closed: false }, { rest: { kind: "integer" }, closed: false }] as const) };
      case "object": return object(depth);
      case "union": return { kind: "union", of: random.pick(wishes.lacksOneOf ? unionsApart : [...unionsApart, ...overlappingUnions]), isExclusive: random.below(2) === 0 };
      case "not": return { kind: "not", but: random.pick([{ kind: "string", max: 2 }, { kind: "boolean" }] as const) };
      case "named": return named(depth);
      default: return { kind: "any" };
    }
  }

  function notNull(depth: number): Meaning {
    for (;;) {
      const made = any(depth);
      const isFine = made.kind !== "nullable" && made.kind !== "any" && made.kind !== "not" && !(made.kind === "enum" && made.values.includes(null));
      if (isFine) return made;
    }
  }

  function named(depth: number): Meaning {
    const name = random.pick(["Place", "Point", "Tree"]);
    if (definitions[name] === undefined) {
      // Put there first: it may stand in itself.
      definitions[name] = { kind: "any" };
      const made = object(Math.max(depth, 2));
      const again = wishes.hasRecursion && made.kind === "object" && random.below(2) === 0;
      definitions[name] = again ? { ...made, members: [...made.members.filter((member) => member.name !== "next"), { name: "next", meaning: { kind: "nullable", of: { kind: "named", name } }, isRequired: false }] } : made;
    }
    return { kind: "named", name };
  }
}
