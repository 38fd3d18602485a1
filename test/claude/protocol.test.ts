import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  controlErrorLine, controlRequestLine, controlSuccessLine, historyAssistantLine, historyUserLine, initializeRequest, optionalString,
  parseInitializeAnswer, parseLine, parseModelLimits, parseRateLimitInfo, turnLine,
} from "../../src/claude/protocol.ts";
import type { Message } from "../../src/turn/message.ts";
import { loadRecording, recordedVersions, type RecordedVersion } from "../support/recordings.ts";
import { ask, resultsOf, systemOf, tool, user } from "../support/turns.ts";

/** What the host wrote in a recording that the real CLI understood, as a value. */
function hostMessage(version: RecordedVersion, name: string, index: number): unknown {
  return JSON.parse(loadRecording(version, name).hostLines[index] ?? "");
}

const uuid = "00000000-0000-4000-8000-000000000001";
/** The older recordings name no line. */
const named = (message: unknown): unknown => ({ ...message as object, uuid });

const said = (line: string): unknown => {
  assert.ok(line.endsWith("\n") && line.indexOf("\n") === line.length - 1, "one line, with its end");
  return JSON.parse(line);
};
const asBlocks = (message: unknown): unknown => JSON.parse(JSON.stringify(message).replace(/"content":("(?:[^"\\]|\\.)*")/u, '"content":[{"type":"text","text":$1}]'));

describe("what is written to the CLI", () => {
  it("holds no lone surrogate, in no value and no key; pairs and what only looks like an escape stay as they are", () => {
    const written = (text: string): unknown => (said(turnLine(user(text), uuid)) as { message: { content: { text: string }[] } }).message.content[0]?.text;
    assert.equal(written("a \ud83d b"), "a \ufffd b");
    assert.equal(written("\ude00\ud83d\ud83d\ude00"), "\ufffd\ufffd😀");
    assert.equal(written("\\ud83d \\\\ud83d \\\\\ud83d"), "\\ud83d \\\\ud83d \\\\\ufffd");
    const call: Message = { role: "assistant", content: [{ type: "tool_use", id: "t1", name: "f", input: { "k\ud83d": "v" } }] };
    assert.ok(historyAssistantLine(call, "m", "u").includes('"input":{"k\ufffd":"v"}'));
  });

  for (const version of recordedVersions) {
    it(`is what ${version} understood when it was recorded`, () => {
      assert.deepEqual(said(controlRequestLine("init-1", initializeRequest({ system: systemOf("You are terse."), tools: [] }))), hostMessage(version, "text", 0));
      assert.deepEqual(said(turnLine(user("hello N=4"), uuid)), named(asBlocks(hostMessage(version, "text", 1))));
      assert.deepEqual(said(historyUserLine(user("What is the weather in Paris?"), uuid)), named(asBlocks(hostMessage(version, "history", 1))));

      const assistant = hostMessage(version, "history", 2) as { message: { id: string; content: Message["content"] }; uuid: string };
      const message = { role: "assistant", content: assistant.message.content } as Message;
      assert.deepEqual(said(historyAssistantLine(message, assistant.message.id, assistant.uuid)), assistant);

      const toolResult = hostMessage(version, "history", 3) as { message: Message };
      assert.deepEqual(said(turnLine(toolResult.message, uuid)), named(toolResult));
      const request = (name: string, index: number): unknown => (hostMessage(version, name, index) as { request: unknown }).request;
      const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };
      assert.deepEqual(initializeRequest({ system: systemOf("You are terse."), tools: [tool("get_weather")] }), request("tool-call", 0));
      assert.deepEqual(initializeRequest({ system: systemOf("You are terse."), tools: [], responseSchema: schema }), request("json-schema", 0));

      const reply = hostMessage(version, "tool-call", 2) as { response: { request_id: string; response: Record<string, unknown> } };
      assert.deepEqual(said(controlSuccessLine(reply.response.request_id, reply.response.response)), reply);
      const image = hostMessage(version, "image", 1) as { message: Message };
      assert.deepEqual(said(turnLine(image.message, uuid)), named(image));
    });
  }

  it("is an empty list for no system prompt", () => {
    assert.deepEqual(initializeRequest({ system: [], tools: [] }), { subtype: "initialize", systemPrompt: [] });
  });

  it("names a control request that it does not understand", () => {
    assert.deepEqual(said(controlErrorLine("r1", "not supported")), { type: "control_response", response: { subtype: "error", request_id: "r1", error: "not supported" } });
  });

  for (const [writer, name] of [[turnLine, "a turn"], [historyUserLine, "the history"]] as const) {
    const texts = (message: Message): unknown => (said(writer(message, uuid)) as { message: { content: { text: string }[] } }).message.content.map(({ text }) => text);

    for (const [text, blocks] of [
      ["/help", ["/", "help"]], ["/", ["/"]], ["//", ["//"]], ["///etc/passwd", ["///", "etc/passwd"]], ["/usr/bin\nis /full", ["/", "usr/bin\nis /full"]],
      ["/ ", ["/ "]], ["// \n\t", ["// \n\t"]], ["/\nx", ["/", "\nx"]], ["a /help", ["a /help"]], [" /help", [" /help"]], ["/\u2028x", ["/", "\u2028x"]], ["/😀", ["/", "😀"]],
    ] as const) {
      it(`holds no command of the CLI's in ${name}: ${JSON.stringify(text)}`, () => {
        assert.deepEqual(texts(user(text)), blocks);
        assert.equal(blocks.join(""), text);
        assert.ok(blocks.every((block) => block.trim() !== ""), "no block that the API refuses");
      });
    }

    it(`looks for a command only in the last text of ${name}`, () => {
      assert.deepEqual(texts({ role: "user", content: [{ type: "text", text: "/first" }, { type: "text", text: "/last" }] }), ["/first", "/", "last"]);
      const image = { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } } as const;
      const message: Message = { role: "user", content: [{ type: "text", text: "/text" }, image] };
      assert.deepEqual((said(writer(message, uuid)) as { message: Message }).message.content, message.content);
      assert.deepEqual((said(writer(resultsOf(["t1", "/result"]), uuid)) as { message: Message }).message.content, resultsOf(["t1", "/result"]).content);
      assert.deepEqual((said(writer({ role: "user", content: [] }, uuid)) as { message: Message }).message.content, []);
    });
  }

  it("is one line, whatever is in it", () => {
    const { message } = said(turnLine(ask("a\nb\r\u2028\u2029\0").messages[0] as Message, uuid)) as { message: Message };
    assert.deepEqual(message.content, [{ type: "text", text: "a\nb\r\u2028\u2029\0" }]);
  });

  it("tells of an assistant message without calls that it ended its turn", () => {
    const line = historyAssistantLine({ role: "assistant", content: [{ type: "text", text: "x" }] }, "msg_1", "uuid-1");
    assert.match(line, /"id":"msg_1".*"stop_reason":"end_turn".*"uuid":"uuid-1"/u);
  });

  it("is in two blocks where its words are those for which the CLI would leave it out", () => {
    const contentOf = (...texts: readonly string[]): unknown => (
      JSON.parse(historyAssistantLine({ role: "assistant", content: texts.map((text) => ({ type: "text", text })) }, "m", "u")) as { message: Message }
    ).message.content.map((block) => (block.type === "text" ? block.text : block));
    assert.deepEqual(contentOf("(no content)"), ["(no", " content)"]);
    assert.deepEqual(contentOf("\n(no content) "), ["\n(no", " content) "]);
    assert.deepEqual([contentOf("(no content)."), contentOf("(no content)", "b")], [["(no content)."], ["(no content)", "b"]]);
  });
});

describe("a line from the CLI", () => {
  it("is decoded from its bytes", () => {
    assert.deepEqual(parseLine(Buffer.from('{"a":"é\u2028😀"}').toString("latin1")), { a: "é\u2028😀" });
  });

  for (const line of ["", " ", "[1]", '"a"', "1", "null", "{", '{"a":}', "{} x", "warning: {}", "(node:1) Warning"]) {
    it(`is nothing when it is ${JSON.stringify(line)}`, () => assert.equal(parseLine(line), undefined));
  }
});

describe("the answer to initialize", () => {
  for (const version of recordedVersions) {
    const answerOf = (name: string) => {
      const message = loadRecording(version, name).claudeLines.map(parseLine).find((parsed) => parsed?.["type"] === "control_response");
      return parseInitializeAnswer((message?.["response"] as { response: unknown }).response);
    };

    it(`tells the models of ${version}`, () => {
      const { models } = answerOf("text");
      assert.ok(models.length >= 3);
      assert.ok(models.some(({ value, resolvedModel }) => value === "haiku" && resolvedModel?.startsWith("claude-haiku-") === true));
      assert.ok(models.every(({ isAdaptive: _isAdaptive, ...model }) => Object.keys(model).join() === "value,resolvedModel,displayName"));
      assert.equal(models.find(({ value }) => value === "sonnet")?.isAdaptive, true);
      assert.equal(models.find(({ value }) => value === "haiku")?.isAdaptive, version === "2.1.330" ? true : undefined);
    });

    it(`tells whether ${version} is logged in: by API key, by subscription, not at all`, () => {
      assert.equal(answerOf("text").loggedIn, true);
      assert.equal(answerOf("subscription-windows").loggedIn, true);
      assert.equal(answerOf("not-logged-in").loggedIn, false);
    });
  }

  it("keeps nothing of the account but whether its address is known", () => {
    const answer = parseInitializeAnswer({ models: [], account: { email: "somebody@example.com", organization: "Org", tokenSource: "x" } });
    assert.deepEqual(answer, { models: [], loggedIn: true, knowsEmail: true });
  });

  for (const odd of [undefined, null, 1, "x", [], {}, { models: {}, account: [] }]) {
    it(`is taken as logged in without models when it is ${JSON.stringify(odd)}`, () => {
      assert.deepEqual(parseInitializeAnswer(odd), { models: [], loggedIn: true, knowsEmail: false });
    });
  }

  it("passes over models without a name", () => {
    const { models } = parseInitializeAnswer({ models: [null, {}, { value: 1 }, "x", { value: "opus", resolvedModel: 2, displayName: null }] });
    assert.deepEqual(models, [{ value: "opus", resolvedModel: undefined, displayName: undefined }]);
  });
});

describe("a subscription window", () => {
  it("is its status, reset and kind", () => {
    assert.deepEqual(parseRateLimitInfo({ status: "rejected", resetsAt: 1795367096, rateLimitType: "five_hour", utilization: 1 }), {
      status: "rejected", resetsAt: 1795367096, rateLimitType: "five_hour", utilization: 1,
    });
    assert.deepEqual(parseRateLimitInfo({ status: "allowed", resetsAt: "soon" }), { status: "allowed", resetsAt: undefined, rateLimitType: undefined, utilization: undefined });
  });

  it("is used as far as it says, or as its own window does", () => {
    const unifiedWindows = { five_hour: { utilization: 0.5 }, seven_day: { utilization: 0.9 } };
    const used = (value: object): number | undefined => parseRateLimitInfo({ status: "allowed", ...value })?.utilization;
    assert.equal(used({ rateLimitType: "seven_day", unifiedWindows }), 0.9);
    assert.equal(used({ rateLimitType: "seven_day", unifiedWindows, utilization: 0 }), 0);
    assert.deepEqual([used({ unifiedWindows }), used({ rateLimitType: "other", unifiedWindows }), used({ rateLimitType: "x", unifiedWindows: { x: 1 } }), used({ unifiedWindows: [] })], [undefined, undefined, undefined, undefined]);
  });

  for (const odd of [undefined, null, [], {}, { status: 1 }, "rejected"]) {
    it(`is unknown when it is ${JSON.stringify(odd)}`, () => assert.equal(parseRateLimitInfo(odd), undefined));
  }
});

describe("a model's limits", () => {
  for (const [version, limits] of [
    ["2.1.330", { id: "claude-sonnet-5-5", contextWindow: 1_000_000, outputTokensMax: 128_000 }], ["2.1.197", { id: "claude-sonnet-5", contextWindow: 200_000, outputTokensMax: 64_000 }],
  ] as const) {
    it(`are in the result of ${version}`, () => {
      const result = loadRecording(version, "text").claudeLines.map(parseLine).find((parsed) => parsed?.["type"] === "result");
      assert.deepEqual(parseModelLimits(result?.["modelUsage"]), [limits]);
    });
  }

  it("are left out where they are no numbers of tokens", () => {
    const told = { a: null, b: {}, c: { contextWindow: "many" }, d: { contextWindow: 0, maxOutputTokens: -1 }, e: { maxOutputTokens: 5 } };
    assert.deepEqual(parseModelLimits(told), [{ id: "e", contextWindow: undefined, outputTokensMax: 5 }]);
    for (const odd of [undefined, null, [], "x", 1]) assert.deepEqual(parseModelLimits(odd), []);
  });
});

it("an optional string is undefined when it is something else", () => {
  assert.deepEqual([optionalString("a"), optionalString(""), optionalString(1), optionalString(null)], ["a", "", undefined, undefined]);
});
