/** Holds a dialect's table of fields against its parser: what it calls honoured, refused and ignored is so. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import type { FieldTreatment } from "../../src/api/field-treatment.ts";

type Fields = Readonly<Record<string, unknown>>;

export interface FieldTableUnderTest {
  readonly table: readonly FieldTreatment[];
  /** The dialect's sources that read the body, in the folder of its family. */
  readonly sources: readonly string[];
  /** The family, where it is not OpenAI's. */
  readonly family?: string;
  /** What is made of the least request with these fields more. */
  readonly parse: (more?: Fields) => object;
  /** A value of each honoured field that makes another request of it, and what must stand beside it. */
  readonly honoured: Readonly<Record<string, readonly [value: unknown, beside?: Fields]>>;
  /** What is ignored inside of a field that is honoured. */
  readonly inside: readonly (readonly [field: string, ignored: string, make: (more: object) => unknown, value: unknown])[];
}

export function testFieldTable({ table, sources, family = "openai", parse, honoured, inside }: FieldTableUnderTest): void {
  const namesOf = (isOne: (field: FieldTreatment) => boolean): string[] => table.filter(isOne).map(({ name }) => name).sort();

  it("has every field once", () => {
    assert.ok(table.length >= 20);
    assert.equal(new Set(table.map(({ name }) => name)).size, table.length);
  });

  it("has every field that is read, as honoured or refused, and reads every one that it calls so", () => {
    const namesRead = new Set(sources.flatMap((file) => {
      const source = readFileSync(new URL(`../../src/api/${family}/${file}`, import.meta.url), "utf8");
      return [...source.matchAll(/\bfields\["([a-z_]+)"\]/gu)].map(([, name]) => name ?? "");
    }));
    assert.ok(namesRead.size > 10 && namesRead.has("model"), "the source is read rightly");
    const unread = namesOf(({ treatment }) => treatment !== "ignored").filter((name) => !namesRead.has(name));
    const unlisted = [...namesRead].filter((name) => !table.some((field) => field.name === name));
    assert.deepEqual([unread, unlisted], [[], []]);
  });

  it("shows what is refused and what is ignored", () => {
    for (const { name, treatment, example } of table) if (treatment !== "honoured") assert.notEqual(example, undefined, name);
  });

  for (const [field, ignored, make, value] of inside) {
    it(`says rightly that ${ignored} in ${field} is ignored`, () => {
      assert.deepEqual(parse({ [field]: make({ [ignored]: value }) }), parse({ [field]: make({}) }));
      assert.ok(table.find(({ name }) => name === field)?.note.includes(`\`${ignored}\``));
    });
  }

  it("is shown, of every honoured field, to be right", () => assert.deepEqual(Object.keys(honoured).sort(), namesOf(({ treatment }) => treatment === "honoured")));
  for (const [name, [value, beside = {}]] of Object.entries(honoured)) it(`says rightly that ${name} is honoured`, () => assert.notDeepEqual(parse({ ...beside, [name]: value }), parse(beside)));

  for (const { name, treatment, example } of table) {
    if (treatment === "refused") {
      it(`says rightly that ${name} is refused`, () => {
        assert.throws(() => parse({ [name]: example }), { name: "BridgeError", code: "unsupported_parameter", field: name });
        assert.deepEqual(parse({ [name]: null }), parse());
      });
    }
    if (treatment === "ignored") it(`says rightly that ${name} is ignored`, () => assert.deepEqual(parse({ [name]: example }), parse()));
  }
}
