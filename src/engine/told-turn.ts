import { BridgeError } from "../errors.ts";
import { hasCutTool, parametersOf, type ToldTurn } from "../claude/parameters.ts";
import { toldMessages } from "../claude/told-messages.ts";
import { withToolChoice } from "./call-in-words.ts";

/**
 * A turn as the CLI is told it. Its answer's schema is told in one form: as the API's format, or by the CLI's schema
 * tool. Tools go to the API whole where the CLI would cut one. The system prompt asks for what the API is not asked of
 * the tool choice. Messages are split where a rewind may have to go. Parameters with a schema or tools in them are told
 * only up to `longParameterBytesMax` bytes.
 */
export function toldTurn(request: ToldTurn, longParameterBytesMax: number): ToldTurn {
  const turn = withWholeTools(withToolChoice(withOneSchema(request, longParameterBytesMax)), longParameterBytesMax);
  return { ...turn, messages: toldMessages(turn.messages) };
}

/**
 * The API's own format wins over the CLI's tool: its answer fits by construction, is text from its first byte, and
 * leaves the process free for a conversation with another schema.
 */
function withOneSchema({ responseSchema, responseFormat, ...turn }: ToldTurn, bytesMax: number): ToldTurn {
  if (responseFormat !== undefined) {
    const formatted = { ...turn, responseFormat };
    if ("output_config" in parametersOf(formatted) && fits(formatted, bytesMax)) return formatted;
  }
  return responseSchema === undefined ? turn : { ...turn, responseSchema };
}

/**
 * Decides whether the API is sent the tools whole (`tellsTools`). Not beside the CLI's schema tool: the list replaces
 * the CLI's, which has that tool. A web search needs the list, so beside that tool, or with a list that is too long, it
 * is refused: `unsupported_parameter`.
 */
function withWholeTools(turn: ToldTurn, bytesMax: number): ToldTurn {
  if (turn.webSearch !== undefined) {
    if (turn.responseSchema !== undefined) {
      throw new BridgeError("unsupported_parameter", "The web is not searched for JSON that a tool of the CLI gives.");
    }
    if (turn.tools.length === 0 || fits(turn, bytesMax)) return { ...turn, tellsTools: true };
    const words = "The web is not searched beside so many tools, or where a policy on this machine sets hooks.";
    throw new BridgeError("unsupported_parameter", words, { part: "tools" });
  }
  if (turn.responseSchema !== undefined || !hasCutTool(turn)) return turn;
  const whole = { ...turn, tellsTools: true };
  return fits(whole, bytesMax) ? whole : turn;
}

function fits(turn: ToldTurn, bytesMax: number): boolean {
  return Buffer.byteLength(JSON.stringify(parametersOf(turn))) <= bytesMax;
}
