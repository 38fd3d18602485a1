import type { Rewinds } from "../claude/capabilities.ts";
import { BridgeError } from "../errors.ts";
import { hasCutTool, parametersOf, type ToldTurn } from "../claude/parameters.ts";
import type { JsonObject } from "../claude/protocol.ts";
import { toldMessages } from "../claude/told-messages.ts";
import { webSearchTool } from "../claude/tool-definitions.ts";
import { withToolChoice } from "./call-in-words.ts";

/**
 * Up to how many bytes of JSON a web search without tools beside it is no long parameter: a location and a few sites.
 * It is sent even where a policy sets hooks, which can read it.
 */
const shortSearchBytesMax = 1_000;

/**
 * A turn as the CLI is told it. Its answer's schema is told in one form: as the API's format, or by the CLI's schema
 * tool. Tools go to the API whole where the CLI would cut one. Where the API request does not carry the tool choice,
 * the system prompt has it in words. Messages are split where a rewind may have to go. Parameters with a schema or
 * tools in them are told only up to `longParameterBytesMax` bytes.
 */
export function toldTurn(
  request: ToldTurn, longParameterBytesMax: number, rewinds: Pick<Rewinds, "answerTarget">,
): ToldTurn {
  const turn = withWholeTools(withToolChoice(withOneSchema(request, longParameterBytesMax)), longParameterBytesMax);
  return { ...turn, messages: toldMessages(turn.messages, rewinds) };
}

/**
 * The API's own format wins over the CLI's tool: its answer fits by construction, is text from its first byte, and
 * leaves the process free for a conversation with another schema.
 */
function withOneSchema({ responseSchema, outputFormat, ...turn }: ToldTurn, bytesMax: number): ToldTurn {
  if (outputFormat !== undefined) {
    const formatted = { ...turn, outputFormat };
    if ("output_config" in parametersOf(formatted) && fits(formatted, bytesMax)) return formatted;
  }
  return responseSchema === undefined ? turn : { ...turn, responseSchema };
}

/**
 * Decides whether the API is sent the tools whole (`tellsTools`). Beside the CLI's schema tool it is not: the list
 * would replace the CLI's own list, which has that tool. A web search needs the list, so beside that tool, or with a
 * list that is too long, it is refused: `unsupported_parameter`, with the part `webSearch`.
 */
function withWholeTools(turn: ToldTurn, bytesMax: number): ToldTurn {
  const { webSearch } = turn;
  if (webSearch !== undefined) {
    if (turn.responseSchema !== undefined) {
      throw searchRefusal("for an answer that must fit this schema: the API does not hold the answer to it.");
    }
    const isShort = turn.tools.length === 0 && bytesOf(webSearchTool(webSearch)) <= shortSearchBytesMax;
    if (isShort || fits(turn, bytesMax)) return { ...turn, tellsTools: true };
    throw searchRefusal("here: with the tools it is too long to be sent, or a policy on this machine sets hooks.");
  }
  if (turn.responseSchema !== undefined || !hasCutTool(turn)) return turn;
  const whole = { ...turn, tellsTools: true };
  return fits(whole, bytesMax) ? whole : turn;
}

function searchRefusal(why: string): BridgeError {
  return new BridgeError("unsupported_parameter", `The web cannot be searched ${why}`, { part: "webSearch" });
}

function fits(turn: ToldTurn, bytesMax: number): boolean {
  return bytesOf(parametersOf(turn)) <= bytesMax;
}

function bytesOf(value: JsonObject): number {
  return Buffer.byteLength(JSON.stringify(value));
}
