/** Every text that this server itself adds to what the model reads. No other file has such text. */

/** User message put before a history that begins with the assistant: the Messages API requires the user's first. */
export const beginText = "(The conversation begins with your message.)";
/** User message put after a history that ends with the assistant: current models refuse to continue it unasked. */
export const continueText =
  "Go on exactly from where your last message ended. Do not repeat any of it and do not comment on this request.";
/**
 * Put around what the system says inside of a conversation, where it stays in its place: the Messages API has one
 * system prompt, and it comes first.
 */
export const laterSystemTexts = ["<system-message>\n", "\n</system-message>"] as const;

/**
 * Put at the end of the system prompt when the model may call no tool, and the API cannot be asked for that. The next
 * three texts are put there too, for other tool choices.
 */
export const noCallText = "Do not call any tool. Answer in text.";
/** Sent when the model must call some tool. */
export const anyCallText = "Your answer must be a call of one of your tools.";
/** Sent when the model must call one certain tool, with the tool's name between the two parts. */
export const namedCallTexts = ["Your answer must be a call of the tool ", "."] as const;
/** Sent when an answer may hold one call at most. */
export const oneCallText = "Call at most one tool in an answer.";
/** User message sent once when the model answered without the call that it must make. */
export const callNowText = "Make the tool call now, without any other words.";
/** Tool result for a call that the client does not allow: its tool choice is `none`, or allows one call at most. */
export const forbiddenCallText = "Tools may not be called in this turn. Answer in text.";

/** Description of a tool that the history has calls of but the request no longer defines. */
export const goneToolText = "Not available any more.";
/** Added to a description in a schema, with a `pattern` that is no expression of JSON Schema between the two parts. */
export const patternTexts = ["Pattern: `", "`."] as const;
/**
 * Added to a description in the schema of an answer or of a strict tool, with the keywords that the API does not hold
 * the model to between the two parts.
 */
export const constraintTexts = ["Must also fit the JSON Schema ", "."] as const;
/**
 * Added to a description in the schema of an answer or of a strict tool, where a value may fit two schemas of a
 * `oneOf`.
 */
export const exclusiveText = "Exactly one of these schemas must fit.";
/**
 * Added to a description in an answer's schema that the CLI is given, with the value of `format` between the two parts.
 */
export const formatTexts = ["Format: ", "."] as const;
/** Name of the definition to which a union at the top of a tool's schema is moved. */
export const unionText = "shape";
/** Description of the only property of a tool whose input is free text, not JSON. */
export const freeInputText = "The tool's whole input, as plain text.";
/**
 * Put before the grammar in the description of a tool whose free-text input must match a grammar, with the name of the
 * grammar's syntax between the two parts.
 */
export const grammarTexts = ["The input must match this ", " grammar:\n"] as const;

/** System prompt of a request for a completion, whose prompt is the user's message. */
export const completionText =
  "Go on with the text of the user's message from exactly where it ends. Answer with what follows there and with "
  + "nothing else: no introduction, no comment, no code fence around it, and none of the text again.";
/** System prompt of a request for a completion with a `suffix`: the text that follows the gap. */
export const fillingText =
  "The user's message is a text with a gap: <before> is what stands before the gap, <after> what stands behind it. "
  + "Answer with what fills the gap and with nothing else: no introduction, no comment, no code fence around it, and "
  + "none of the text again.";
/** Put around and between the texts before and behind the gap, in the user's message. */
export const fillingTexts = ["<before>", "</before>\n<after>", "</after>"] as const;
