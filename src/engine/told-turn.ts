import { parametersOf, type ToldTurn } from "../claude/parameters.ts";
import { toldMessages } from "../claude/told-messages.ts";
import { withToolChoice } from "./tool-choice.ts";

/**
 * A turn as the CLI is told it: its tool choice in words, its schema in one form, and its messages parted where a
 * rewind may have to go. With a long one among them, the API's parameters may come to `longParameterBytesMax` bytes.
 */
export function toldTurn(request: ToldTurn, longParameterBytesMax: number): ToldTurn {
  const turn = withOneSchema(withToolChoice(request), longParameterBytesMax);
  return { ...turn, messages: toldMessages(turn.messages) };
}

/**
 * The API's own format wins over the CLI's tool: its answer fits by construction, is text from its first byte, and
 * leaves the process free for a conversation with another schema.
 */
function withOneSchema({ responseSchema, responseFormat, ...turn }: ToldTurn, longParameterBytesMax: number): ToldTurn {
  if (responseFormat !== undefined) {
    const formatted = { ...turn, responseFormat };
    const parameters = parametersOf(formatted);
    const fits = Buffer.byteLength(JSON.stringify(parameters)) <= longParameterBytesMax;
    if (fits && "output_config" in parameters) return formatted;
  }
  return responseSchema === undefined ? turn : { ...turn, responseSchema };
}
