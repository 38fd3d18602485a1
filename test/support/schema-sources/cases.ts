/** Schemas of one source, no two of all with the same keywords, each with documents that fit it and that do not. */
import assert from "node:assert/strict";
import type { Random } from "../random.ts";
import { fitsSchema } from "./judge.ts";
import { changed, fits, makeMeaning, sampleOf, type Whole } from "./meaning.ts";
import { keywordsOf, type Source, written } from "./sources.ts";

export interface Case {
  readonly schema: Readonly<Record<string, unknown>>;
  readonly documents: Documents;
}

interface Documents { readonly valid: readonly unknown[]; readonly invalid: readonly unknown[] }

const documentsOfEach = 10;
const triesMax = 400;
const noWishes = { hasTuples: false, hasNeeds: false, hasOddNames: false, hasNot: false, hasTopUnion: false, hasRecursion: false, lacksOneOf: false };

export function casesOf(source: Source, count: number, seen: Set<string>, random: Random): Case[] {
  const cases: Case[] = [];
  for (let tries = 0; cases.length < count && tries < count * 100; tries++) {
    const whole = makeMeaning(random, { ...noWishes, ...source.wishes });
    const schema = written(source, whole, random);
    const keywords = keywordsOf(schema);
    if (seen.has(keywords)) continue;
    const documents = documentsOf(source, whole, schema, random);
    if (documents === undefined) continue;
    seen.add(keywords);
    cases.push({ schema, documents });
  }
  return cases;
}

/** Undefined where there are not enough of both: hardly anything, or nearly everything, fits. */
function documentsOf(source: Source, whole: Whole, schema: object, random: Random): Documents | undefined {
  const [valid, invalid] = [new Map<string, unknown>(), new Map<string, unknown>()];
  for (let tries = 0; tries < triesMax && (valid.size < documentsOfEach || invalid.size < documentsOfEach); tries++) {
    let document = sampleOf(whole.top, whole, random);
    for (let changes = random.below(3); changes > 0; changes--) document = changed(document, random);
    // The input of a tool is an object.
    if (typeof document !== "object" || document === null || Array.isArray(document)) continue;
    const isValid = fits(whole.top, document, whole);
    const found = isValid ? valid : invalid;
    if (found.size === documentsOfEach) continue;
    found.set(JSON.stringify(document), document);
    if (source.draft === undefined) continue;
    if (fitsSchema(schema, document, source.draft) === isValid) continue;
    assert.fail(`${source.name} writes ${JSON.stringify(schema)}, which is not what is meant: ${JSON.stringify(document)}`);
  }
  if (valid.size < documentsOfEach || invalid.size < documentsOfEach) return undefined;
  return { valid: [...valid.values()], invalid: [...invalid.values()] };
}
