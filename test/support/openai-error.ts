/** OpenAI's error body, as strictly as its clients read it. */
import assert from "node:assert/strict";
import { openAiFailure } from "../../src/api/openai/errors.ts";
import type { BridgeError } from "../../src/errors.ts";

export interface OpenAiError {
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
  readonly code: string | null;
}

/** The error in a body's text, which must hold it and nothing else, with all four keys. */
export function openAiErrorOf(text: string): OpenAiError {
  const body = JSON.parse(text) as { readonly error: OpenAiError };
  assert.deepEqual(Object.keys(body), ["error"]);
  assert.deepEqual(Object.keys(body.error).sort(), ["code", "message", "param", "type"]);
  assert.equal(typeof body.error.message, "string");
  assert.notEqual(body.error.message, "");
  assert.equal(typeof body.error.type, "string");
  for (const value of [body.error.param, body.error.code]) assert.ok(value === null || typeof value === "string");
  return body.error;
}

/** The error that a response carries, and its status. */
export async function openAiErrorIn(response: Response): Promise<OpenAiError & { readonly status: number }> {
  assert.match(response.headers.get("content-type") ?? "", /^application\/json/);
  assert.match(response.headers.get("x-request-id") ?? "", /^\S+$/);
  return { status: response.status, ...openAiErrorOf(await response.text()) };
}

/** The HTTP status that OpenAI's dialects give an error. */
export function statusOf(error: BridgeError): number {
  return openAiFailure(error).status;
}
