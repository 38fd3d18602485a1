/** The API's own search of the web, asked for and told in OpenAI's words, with OpenAI's SDK on the real CLI. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { conversationOf, searchAnswer, type StubRequestBody, textAnswer } from "../support/anthropic-stub.ts";
import { sampledClaudeVersions } from "../support/real-claude.ts";
import { claudesOf, startReal } from "../support/real-server.ts";

const page = { url: "https://example.com/rain", title: "Rain" };
const search = { type: "web_search_20250305", name: "web_search" };
/** The emoji is one character, as OpenAI counts. */
const said = "It is 😀: ";
const cited = "it rains.";
const place = { start_index: 9, end_index: 18, title: "Rain", url: page.url };
const look = { type: "function", function: { name: "look", description: "Looks.", parameters: { type: "object", properties: {} } } };

const typesSaid = (body: StubRequestBody | undefined): readonly string[] => conversationOf(body ?? assert.fail())
  .flatMap(({ role, content }) => (role !== "assistant" || typeof content === "string" ? [] : content.map(({ type }) => type)));
const searched = ["server_tool_use", "web_search_tool_result", "text", "text"];

for (const version of sampledClaudeVersions()) {
  describe(`a search of the web on claude ${version}`, () => {
    it("in chat completions is asked of the API beside the client's tools; its sources are annotations, streamed and whole", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { bridge, client } = await startServer(["--allow-web-search"]);
      stub.respond = ({ index }) => (index === 0 || index === 2 ? searchAnswer("rain now", page, [said], ["it ", "rains."]) : textAnswer(["Yes."]));
      const web_search_options = { user_location: { type: "approximate", approximate: { city: "Bern", country: "CH" } } };
      const messages: object[] = [{ role: "user", content: "How is it?" }];
      const { choices: [{ message }] } = await client.chat.completions.create({ model: "sonnet", messages, tools: [look], web_search_options });
      const sources = [{ type: "url_citation", url_citation: place }];
      assert.deepEqual([message.content, message.annotations, message.tool_calls], [said + cited, sources, undefined]);
      assert.deepEqual(stub.requests[0]?.body.tools, [
        { name: "look", description: "Looks.", input_schema: look.function.parameters }, { ...search, user_location: { type: "approximate", city: "Bern", country: "CH" } },
      ]);

      messages.push({ role: "assistant", content: message.content }, { role: "user", content: "Really?" });
      await client.chat.completions.create({ model: "sonnet", messages, tools: [look], web_search_options });
      assert.deepEqual(typesSaid(stub.requests[1]?.body), searched, "the process has what it found");
      assert.equal(claudesOf(bridge).length, 1);

      const deltas: any[] = [];
      for await (const { choices } of await client.chat.completions.create({ model: "sonnet", messages: [{ role: "user", content: "And here?" }], web_search_options: {}, stream: true })) deltas.push(...choices.map(({ delta }: any) => delta));
      assert.equal(deltas.map(({ content }) => content ?? "").join(""), said + cited);
      assert.deepEqual(deltas.flatMap(({ annotations }) => annotations ?? []), sources);
      assert.deepEqual(stub.requests[2]?.body.tools, [search]);
    });

    it("in responses is an item, its sources are annotations, and a stored one is told to another process", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { client } = await startServer(["--allow-web-search"]);
      stub.respond = ({ index }) => (index < 2 ? searchAnswer("rain now", page, [said], [cited]) : textAnswer(["Yes."]));
      const tools = [{ type: "web_search", filters: { allowed_domains: ["example.com"] }, user_location: { type: "approximate", city: "Bern" } }];
      const events: any[] = [];
      for await (const event of await client.responses.create({ model: "sonnet", input: "How is it?", tools, max_tool_calls: 2, stream: true })) events.push(event);
      const { response } = events.at(-1);
      const [call, message] = response.output;
      assert.deepEqual([call.type, call.status, call.action], ["web_search_call", "completed", { type: "search", query: "rain now", queries: ["rain now"] }]);
      assert.deepEqual(message.content[0].annotations, [{ type: "url_citation", ...place }]);
      assert.equal(message.content[0].text, said + cited);
      assert.deepEqual(events.map(({ type }) => type).filter((type) => /web_search|annotation/u.test(type)), [
        "response.web_search_call.in_progress", "response.web_search_call.searching", "response.web_search_call.completed", "response.output_text.annotation.added",
      ]);
      assert.deepEqual(stub.requests[0]?.body.tools, [{ ...search, max_uses: 2, allowed_domains: ["example.com"], user_location: { type: "approximate", city: "Bern" } }]);

      const whole = await client.responses.create({ model: "sonnet", input: "How is it?", tools, max_tool_calls: 2 });
      const comparable = (item: any): object => ({ ...item, id: "" });
      assert.deepEqual(whole.output.map(comparable), response.output.map(comparable), "whole it is the same");
      assert.equal(whole.output_text, said + cited);
      // Other instructions are told to another process.
      await client.responses.create({ model: "sonnet", input: "Really?", instructions: "Terse.", tools, previous_response_id: response.id });
      assert.deepEqual(typesSaid(stub.requests[2]?.body), ["server_tool_use", "web_search_tool_result", "text"]);
    });

    it("may be demanded, by its name or as the only call that there is: the API holds the model to it, without thinking", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { client } = await startServer(["--allow-web-search"]);
      stub.respond = () => searchAnswer("rain now", page, [said], [cited]);
      const messages = [{ role: "user", content: "How is it?" }];
      const asked = [
        () => client.responses.create({ model: "sonnet", input: "How is it?", tools: [{ type: "web_search_preview" }], tool_choice: { type: "web_search_preview" } }),
        () => client.responses.create({ model: "sonnet", input: "How is it?", tools: [{ type: "web_search" }], tool_choice: "required" }),
        () => client.chat.completions.create({ model: "sonnet", messages, tools: [look], web_search_options: {}, tool_choice: { type: "web_search" } }),
      ];
      for (const ask of asked) {
        const { output_text, choices } = await ask();
        assert.equal(output_text ?? choices[0].message.content, said + cited);
      }
      assert.deepEqual(
        stub.requests.map(({ body }) => [body.tool_choice, body["thinking"], body.tools?.map(({ name }) => name)]),
        [["web_search"], ["web_search"], ["look", "web_search"]].map((names) => [{ type: "tool", name: "web_search" }, undefined, names]),
      );
    });

    it("is refused in chat completions and passed over in responses by a server that does not allow it", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { client } = await startServer();
      stub.respond = () => textAnswer(["Fine."]);
      await assert.rejects(client.chat.completions.create({ model: "sonnet", messages: [{ role: "user", content: "hi" }], web_search_options: {} }), { status: 400, param: "web_search_options" });
      await client.responses.create({ model: "sonnet", input: "hi", tools: [{ type: "web_search" }] });
      assert.deepEqual([stub.requests.length, stub.requests[0]?.body.tools ?? []], [1, []]);
    });
  });
}
