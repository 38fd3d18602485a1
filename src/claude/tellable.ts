/** What the CLI does not pass on of a history that it is told, and what is done about it. */

import { BridgeError } from "../errors.ts";
import type {
  AnswerTextBlock, AssistantBlock, Message, RedactedThinkingBlock, TextBlock, ThinkingBlock, UserBlock,
} from "../turn/message.ts";
import type { InitializeAnswer } from "./protocol.ts";

/**
 * Throws `unsupported_parameter` for messages that hold what the CLI cannot be told. The CLI leaves references to tools
 * (`tool_reference`) out of a tool's result, because its own search among tools is off (2.1.197, 2.1.330).
 */
export function refuseUntellable(messages: readonly Message[]): void {
  const hasReference = messages.some(({ content }) => content.some((block) => (
    block.type === "tool_result" && typeof block.content !== "string"
      && block.content.some(({ type }) => type === "tool_reference"))));
  if (!hasReference) return;
  const words = "The claude CLI cannot be told of tools that a search has found (tool_reference).";
  throw new BridgeError("unsupported_parameter", words, { part: "messages" });
}

/**
 * An earlier answer without the citations of its texts. CLI 2.1.330 takes them out of an answer that it is told, and
 * 2.1.197 passes them on: without them the model reads the same whichever CLI is installed.
 */
export function withoutCitations(message: Message): Message {
  if (message.role === "user" || !message.content.some(isCited)) return message;
  return { role: "assistant", content: message.content.map((block) => (isCited(block) ? plainText(block) : block)) };
}

function isCited(block: AssistantBlock): block is AnswerTextBlock {
  return block.type === "text" && block.citations !== undefined;
}

function plainText({ type, text }: AnswerTextBlock): TextBlock {
  return { type, text };
}

/** Whether an earlier answer holds thinking. The CLI passes it on only with the id of the model that answers now. */
export function hasThinking({ content }: Message): boolean {
  return content.some(isThinking);
}

/** The messages without the thinking of other models than `id`, which is undefined where there is no thinking. */
export function ownMessages(messages: readonly Message[], id: string | undefined): readonly Message[] {
  return id === undefined ? messages : messages.map((message) => withOwnThinking(message, id));
}

/**
 * An earlier answer as the model `id` is told it: without thinking that another model is known to have done, which the
 * API refuses as not signed.
 */
export function withOwnThinking(message: Message, id: string): Message {
  if (message.role === "user" || !hasThinking(message)) return message;
  return {
    role: "assistant",
    content: message.content.flatMap((block): readonly AssistantBlock[] => {
      if (!isThinking(block)) return [block];
      const { model, ...told } = block;
      return model === undefined || isSameModel(model, id) ? [told] : [];
    }),
  };
}

function isThinking(block: AssistantBlock | UserBlock): block is ThinkingBlock | RedactedThinkingBlock {
  return block.type === "thinking" || block.type === "redacted_thinking";
}

/**
 * Whether two ids are of one model: the API writes a model's date behind its name, even where it was asked without one.
 */
function isSameModel(made: string, asked: string): boolean {
  return made === asked || made.startsWith(`${asked}-20`);
}

/**
 * The id under which the CLI asks for `model`, its name on the command line. Throws `unsupported_parameter` for a name
 * that the CLI has not told the id of: thinking told under another id would be left out in silence.
 */
export function idOfModel(model: string, { models }: InitializeAnswer): string {
  const listed = models.find(({ value }) => value === model)?.resolvedModel;
  if (listed !== undefined) return listed;
  if (/^claude-/u.test(model)) return model;
  const words = "The claude CLI cannot be told the thinking of earlier answers for this model.";
  throw new BridgeError("unsupported_parameter", words, { part: "messages" });
}

/** Whether the CLI's answer to `initialize` says that `model`, a name for `--model` or an id, thinks adaptively. */
export function isAdaptive(model: string, { models }: InitializeAnswer): boolean {
  return models.some((one) => (one.value === model || one.resolvedModel === model) && one.isAdaptive === true);
}
