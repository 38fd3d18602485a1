/** The words that this server itself puts before the model, beside the client's: all of them, and nowhere else. */

/** Where a conversation begins with the assistant: the Messages API wants the user to begin. */
export const beginText = "(The conversation begins with your message.)";
/** Where it ends with the assistant: current models refuse that, so going on is asked for. */
export const continueText =
  "Go on exactly from where your last message ended. Do not repeat any of it and do not comment on this request.";

/** `tool_choice: "none"`, at the end of the system prompt like the next three. */
export const noCallText = "Do not call any tool. Answer in text.";
/** `tool_choice: "required"` */
export const anyCallText = "Your answer must be a call of one of your tools.";
/** A named `tool_choice`: the tool's name stands between the two. */
export const namedCallTexts = ["Your answer must be a call of the tool ", "."] as const;
/** `parallel_tool_calls: false` */
export const oneCallText = "Call at most one tool in an answer.";
/** What the model is asked once, when it answered without the call that it was to make. */
export const callNowText = "Make the tool call now, without any other words.";
/** The result of a call that the model made although the client wants none, or no more. */
export const forbiddenCallText = "Tools may not be called in this turn. Answer in text.";

/** The description of a tool that the history has calls of and the request no longer brings. */
export const goneToolText = "Not available any more.";
/** Before the shapes of a union that stood at the top of a schema, as JSON. */
export const unionTexts = {
  anyOf: "At least one of these shapes must fit: ", oneOf: "Exactly one of these shapes must fit: ",
} as const;
/** The `format` of an answer's schema, in its description. */
export const formatTexts = ["Format: ", "."] as const;
/** The one property of a tool that takes free text. */
export const freeInputText = "The tool's whole input, as plain text.";
/** Before the grammar of such a tool, around the name of its syntax. */
export const grammarTexts = ["The input must match this ", " grammar:\n"] as const;
