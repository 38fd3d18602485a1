/** Parsers for the content of messages and for the outputs of calls, part by part, by the table in shapes.ts. */

import { BridgeError } from "../../errors.ts";
import type { ImageBlock, PromptBlock, TextBlock, Thought, ToolUseBlock } from "../../turn/message.ts";
import { type Fields, isAbsent, isFields, objectAt, stringAt } from "../check.ts";
import type { PlacedResult, UserContent } from "../conversation-builder.ts";
import { textBlocks } from "../text-blocks.ts";
import type { ModelNames } from "../tool-names.ts";
import { parseArguments } from "./arguments.ts";
import { type PartShape, partShapes } from "./shapes.ts";

/**
 * An assistant's content: text, a refusal as text, and calls; each list with the thoughts that stand between its
 * entries.
 */
export interface AssistantContent {
  readonly text: readonly (TextBlock | Thought)[];
  readonly calls: readonly (ToolUseBlock | Thought)[];
}

/** A part of a message's content, and its row in `partShapes`. */
interface PlacedPart { readonly part: Fields; readonly shape: PartShape; readonly path: string }

/**
 * Parses a user's content, in which some clients put results of calls. Throws a BridgeError for a part of another kind,
 * as the functions below do.
 */
export function userContent(content: unknown, path: string): UserContent {
  const blocks: PromptBlock[] = [];
  const results: PlacedResult[] = [];
  for (const placed of partsOf(content, path)) {
    const { part, shape } = placed;
    if (shape.kind === "image" || shape.kind === "file") blocks.push(shape.read(part, placed.path));
    else if (shape.kind === "result") results.push(resultIn(part, placed.path));
    else for (const block of textIn(placed)) blocks.push(block);
  }
  return { blocks, results };
}

/** Parses an assistant's content. */
export function assistantContent(content: unknown, path: string, names: ModelNames): AssistantContent {
  const text: (TextBlock | Thought)[] = [];
  const calls: (ToolUseBlock | Thought)[] = [];
  for (const placed of partsOf(content, path)) {
    const { part, shape } = placed;
    if (shape.kind === "thought") {
      const thought = shape.read(part);
      if (thought !== undefined) (calls.length === 0 ? text : calls).push(thought);
    } else if (shape.kind === "call") calls.push(callIn(part, placed.path, names));
    else if (shape.kind === "refusal") {
      text.push(...textBlocks(stringAt(part[shape.field], `${placed.path}.${shape.field}`)));
    } else for (const block of textIn(placed)) text.push(block);
  }
  return { text, calls };
}

/** Parses a tool's result: text, and images, which some clients send. */
export function resultContent(content: unknown, path: string): (TextBlock | ImageBlock)[] {
  return partsOf(content, path).flatMap((placed): (TextBlock | ImageBlock)[] => {
    const { part, shape } = placed;
    return shape.kind === "image" ? [shape.read(part, placed.path)] : textIn(placed);
  });
}

/**
 * Parses a system or developer message's content: one block with the text of all its parts, white-space parts included.
 * None where that text is blank.
 */
export function systemContent(content: unknown, path: string): TextBlock[] {
  return textBlocks(partsOf(content, path).map((placed) => textOf(placed)).join(""));
}

/**
 * Parses an item `agent_message`, by which one of Codex's agents is told what another has said: its text, without the
 * parts `encrypted_content`, which only OpenAI can read.
 */
export function agentContent(content: unknown, path: string): TextBlock[] {
  if (!Array.isArray(content)) return systemContent(content, path);
  const texts = content.map((part: unknown, index) => {
    const isSealed = isFields(part) && part["type"] === "encrypted_content";
    return isSealed ? "" : textOf(placedPart(part, `${path}[${index}]`));
  });
  return textBlocks(texts.join(""));
}

/** The parts of content: none where it is absent, one where it is a string or a single part. */
function partsOf(content: unknown, path: string): PlacedPart[] {
  if (isAbsent(content)) return [];
  if (typeof content === "string") return [placedPart(content, path)];
  if (isFields(content) && (typeof content["type"] === "string" || typeof content["text"] === "string")) {
    return [placedPart(content, path)];
  }
  if (!Array.isArray(content)) {
    throw new BridgeError("invalid_type", `${path}: expected a string or an array of parts.`, { field: path });
  }
  return content.map((part: unknown, index) => placedPart(part, `${path}[${index}]`));
}

/** A string is a text part, and so is an object that has a `text` and no `type`. */
function placedPart(value: unknown, path: string): PlacedPart {
  const part = typeof value === "string" ? { type: "text", text: value } : objectAt(value, path);
  const isBareText = isAbsent(part["type"]) && typeof part["text"] === "string";
  const type = isBareText ? "text" : stringAt(part["type"], `${path}.type`);
  const shapes = partShapes.filter((shape) => shape.type === type);
  const shape = shapes.find(({ field }) => !isAbsent(part[field])) ?? shapes[0];
  if (shape === undefined) throw unsupportedPart(type, path);
  return { part, shape, path };
}

function textOf({ part, shape, path }: PlacedPart): string {
  if (shape.kind !== "text") throw unsupportedPart(shape.type, path);
  return stringAt(part[shape.field], `${path}.${shape.field}`);
}

function textIn(placed: PlacedPart): TextBlock[] {
  return textBlocks(textOf(placed));
}

function callIn(part: Fields, path: string, names: ModelNames): ToolUseBlock {
  const id = stringAt(part["id"], `${path}.id`);
  const name = names.toModel(stringAt(part["name"], `${path}.name`));
  return { type: "tool_use", id, name, input: parseArguments(part["input"], `${path}.input`) };
}

function resultIn(part: Fields, path: string): PlacedResult {
  const idPath = `${path}.tool_use_id`;
  const content = resultContent(part["content"], `${path}.content`);
  return {
    id: stringAt(part["tool_use_id"], idPath), path: idPath,
    result: part["is_error"] === true ? { content, is_error: true } : { content },
  };
}

/** Makes the error for a content part or item of a type that is not supported. */
export function unsupportedPart(type: string, path: string): BridgeError {
  const known = /^[a-z_]{1,32}$/u.test(type) ? ` (${type})` : "";
  return new BridgeError(
    "unsupported_parameter", `${path}.type: this kind of content${known} is not supported here.`,
    { field: `${path}.type` },
  );
}
