import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { clientSchema } from "../../src/schema/client-schema.ts";
import { KeyRewriter, renamedText } from "../../src/schema/key-rewriter.ts";
import { renamedValue, type SchemaPlace } from "../../src/schema/schema-place.ts";
import { findBreach } from "../support/anthropic-rules/rules.ts";
import { seededRandom } from "../support/random.ts";

const subject = { path: "p" };
const long = "x".repeat(70);

function renamed(schema: object): { readonly schema: Readonly<Record<string, any>>; readonly keys: SchemaPlace } {
  const { schema: made, keys } = clientSchema(schema, subject);
  assert.ok(keys !== undefined, "nothing was renamed");
  assert.equal(findBreach({ model: "m", max_tokens: 1, messages: [{ role: "user", content: "hi" }], tools: [{ name: "f", input_schema: made }] }), null);
  return { schema: made, keys };
}

describe("a property whose name the API does not take", () => {
  for (const [name, fitting] of [["$top", "top"], ["filter[id]", "filter_id"], ["Straße", "Strasse"], ["a b", "a_b"], ["名前", "property"], ["", "property"], [long, "x".repeat(56)], ["é", "e"], ["@type", "type"], ["a\n", "a"]] as const) {
    it(`is renamed, and has the client's as its title: ${JSON.stringify(name)}`, () => {
      const { schema } = renamed({ type: "object", properties: { [name]: { type: "string" }, ok: {} }, required: [name, "ok"] });
      assert.deepEqual(schema, { type: "object", properties: { [fitting]: { title: name, type: "string" }, ok: {} }, required: [fitting, "ok"] });
    });
  }

  it("does not get the name of another", () => {
    const { schema } = renamed({ type: "object", properties: { $a: {}, a: {}, "@a": {}, "a[]": {}, other: { properties: { a_2: {} } } } });
    assert.deepEqual(Object.keys(schema["properties"]), ["a_3", "a", "a_4", "a_5", "other"]);
  });

  it("keeps the title that it has", () => assert.deepEqual(renamed({ type: "object", properties: { $a: { title: "T" } } }).schema["properties"], { a: { title: "T" } }));

  it("is renamed wherever the schema speaks of it", () => {
    const { schema } = renamed({
      type: "object", required: ["$a"], dependentRequired: { $a: ["$b"] }, dependentSchemas: { $b: { required: ["$a"] } }, discriminator: { propertyName: "$a" },
      properties: { $a: { properties: { $b: { $ref: "#/properties/$a" } } }, $b: { $ref: "#/properties/%24a/properties/$b" }, c: { const: { $a: 1 }, default: { $a: 1 } } },
      default: { $a: { $b: 1 }, $c: 2 }, enum: [{ $a: 5 }], not: { required: ["$b"] },
    });
    assert.deepEqual(schema, {
      type: "object", required: ["a"], dependentRequired: { a: ["b"] }, dependentSchemas: { b: { required: ["a"] } }, discriminator: { propertyName: "a" },
      properties: { a: { title: "$a", properties: { b: { title: "$b", $ref: "#/properties/a" } } }, b: { title: "$b", $ref: "#/properties/a/properties/b" }, c: { const: { $a: 1 }, default: { $a: 1 } } },
      default: { a: { b: 1 }, $c: 2 }, enum: [{ a: 5 }], not: { required: ["b"] },
    });
  });

  it("is renamed so that the rules for names say the same of it, or is refused", () => {
    const made = renamed({ type: "object", properties: { "$a": {} }, patternProperties: { "^x-": { type: "string" } }, propertyNames: { pattern: "^[$a-z]+$", maxLength: 9 } }).schema;
    assert.deepEqual(made["propertyNames"], { anyOf: [{ pattern: "^[$a-z]+$", maxLength: 9 }, { enum: ["a"] }] });
    assert.deepEqual(renamed({ type: "object", properties: { "$a": {} }, propertyNames: { enum: ["b"] } }).schema["propertyNames"], { allOf: [{ enum: ["b"] }, { not: { enum: ["a"] } }] });
    assert.deepEqual(Object.keys(renamed({ type: "object", properties: { "$a": {} }, patternProperties: { "^.$": {} } }).schema["properties"]), ["a_2"]);
    for (const pattern of ["^\\$", "^(a+)+$", "(?=a)"]) {
      assert.throws(() => clientSchema({ type: "object", properties: { $a: {} }, patternProperties: { [pattern]: {} } }, subject), /p\.properties: Claude takes property names .*"\$a" cannot be renamed/u, pattern);
    }
  });
});

const schema = {
  type: "object",
  properties: {
    $top: { type: "integer" }, plain: { type: "object" }, list: { type: "array", items: { $ref: "#/$defs/Item" } },
    pair: { prefixItems: [{ properties: { "first name": {} } }, {}] }, map: { additionalProperties: { $ref: "#/$defs/Item" } },
  },
  anyOf: [{ properties: { "other[]": {} } }, { required: ["$top"] }],
  $defs: { Item: { type: "object", properties: { "@id": {}, next: { $ref: "#/$defs/Item" }, deep: { allOf: [{ if: { properties: { "a b": {} } } }] } } } },
};
const client = {
  $top: 1, plain: { $top: 2, top: 3 }, list: [{ "@id": { "@id": 1 }, next: { "@id": 2, "$top": 3 } }, [{ "@id": 1 }]], "@id": 4, pair: [{ "first name": 1 }, { "first name": 2 }],
  map: { "@id": { "@id": 5, deep: { "a b": 1 } }, plain: { id: 1 } }, "other[]": "\"{$top:", text: '{"$top":1}',
};
const model = {
  top: 1, plain: { $top: 2, top: 3 }, list: [{ id: { "@id": 1 }, next: { id: 2, "$top": 3 } }, [{ "@id": 1 }]], "@id": 4, pair: [{ first_name: 1 }, { first_name: 2 }],
  map: { "@id": { id: 5, deep: { a_b: 1 } }, plain: { "@id": 1 } }, other: "\"{$top:", text: '{"$top":1}',
};
// A prefix item is not told from the others: what any of them has is taken for that.
const clientBack = { ...client, pair: [{ "first name": 1 }, { "first name": 2 }], map: { ...client.map, plain: { "@id": 1 } } };

describe("names in a value", () => {
  const { keys } = renamed(schema);
  it("are changed at their places, and nowhere else", () => {
    assert.deepEqual(renamedValue({ ...client, map: { ...client.map, plain: { "@id": 1 } } }, keys, "toModel"), { ...model, map: { ...model.map, plain: { id: 1 } } });
    assert.deepEqual(renamedValue({ ...model, map: { ...model.map, plain: { id: 1 } } }, keys, "toClient"), clientBack);
  });

  const text = JSON.stringify({ ...model, map: { ...model.map, plain: { id: 1 } } });
  const back = JSON.stringify(clientBack);

  it("are changed in its text, wherever that is cut", () => {
    for (let at = 0; at <= text.length; at++) {
      const rewriter = new KeyRewriter(keys, "toClient");
      assert.equal(rewriter.take(text.slice(0, at)) + rewriter.take(text.slice(at)) + rewriter.end(), back, String(at));
    }
    const rewriter = new KeyRewriter(keys, "toClient");
    assert.equal([...text].map((piece) => rewriter.take(piece)).join("") + rewriter.end(), back, "letter by letter");
  });

  it("are changed there and back in pieces of any length", () => {
    const random = seededRandom(3);
    for (let run = 0; run < 100; run++) {
      for (const [from, to, direction] of [[text, back, "toClient"], [back, text, "toModel"]] as const) {
        const rewriter = new KeyRewriter(keys, direction);
        let given = "";
        for (let at = 0; at < from.length;) {
          const length = random.below(12);
          given += rewriter.take(from.slice(at, at + length));
          at += length;
        }
        assert.equal(given + rewriter.end(), to);
      }
    }
  });

  it("leave all else as it is: spaces, numbers, escapes", () => {
    const odd = ' \n{ "top" :\t12345678901234567890.10e+5 , "list": [ ] ,"\\u0074op": "\\"{\\"top\\":1}" , "plain" : {"top":[{"top":-0.0},true,null ]}}  ';
    assert.equal(renamedText(odd, keys, "toClient"), odd.replace('"top" :', '"$top" :').replace('"\\u0074op":', '"$top":'));
  });

  it("are held back no longer than a key lasts", () => {
    const rewriter = new KeyRewriter(keys, "toClient");
    assert.deepEqual(['{"plain":{"x":"', "a long te", 'xt"},"to', 'p":', "1", "2}"].map((piece) => rewriter.take(piece)), ['{"plain":{"x":"', "a long te", 'xt"},', '"$top":', "1", "2}"]);
  });

  it("are left alone in a text that is cut, that is no object, or that is no JSON", () => {
    for (const [given, made] of [['{"plain":1,"to', '{"plain":1,"to'], ['{"top":1,"to\\', '{"$top":1,"to\\'], ['[{"top":1}]', '[{"top":1}]'], ['"top"', '"top"'], ["top: 1", "top: 1"], ["", ""], ['{"top":1} {"top":2}', '{"$top":1} {"top":2}'], ['{"top" 1,"top":2}', '{"$top" 1,"top":2}'], ['{"top":1]"top":2}', '{"$top":1]"top":2}']] as const) {
      assert.equal(renamedText(given, keys, "toClient"), made);
    }
  });

  it("are changed at any depth that a schema reaches, and left alone in what is nested without end", () => {
    const deep = (name: string, levels: number): string => `{"list":[${`{"${name}":1,"next":`.repeat(levels)}null${"}".repeat(levels)}]}`;
    assert.equal(renamedText(deep("id", 400), keys, "toClient"), deep("@id", 400));
    assert.ok(renamedText(deep("id", 5_000), keys, "toClient").length > 5_000);
  });
});
