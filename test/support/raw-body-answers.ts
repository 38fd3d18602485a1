/** Earlier answers that the client has as text, and the model as its calls of the CLI's own tool. */
import { schemaTool } from "./added-words.ts";
import type { Said } from "./chat-transcript.ts";
import { isSameJson, keysSorted, parseExact } from "./exact-json.ts";
import { show } from "./raw-body-blocks.ts";

export const callOfAnswer = `call of ${schemaTool.name}`;
export const resultOfAnswer = `result of ${schemaTool.name}`;
/** How the finding about one begins. */
export const toldAsCall = "messages: an answer is told as a call: ";

/** All that the CLI says to such a call. */
export const answerTakenText = "Structured output provided successfully";
const taken: readonly Said[] = [{ who: "tool text", what: answerTakenText }];

/**
 * What was told, with the client's own text in the place of each such call, and of its result, where the call has to the
 * last digit what one of the client's texts has. Any other call or result stays as it is.
 */
export function asAnswers(told: readonly Said[], expected: readonly Said[]): { readonly said: readonly Said[]; readonly findings: readonly string[] } {
  const texts = expected.filter(({ who }) => who === "assistant text").map(({ what }) => String(what));
  const said: Said[] = [];
  const findings: string[] = [];
  for (let index = 0; index < told.length; index++) {
    const [one, next] = [told[index] as Said, told[index + 1]];
    const isCall = one.who === callOfAnswer && next?.who === resultOfAnswer && isSameJson(next.what, taken);
    const place = isCall ? texts.findIndex((text) => isWritten(text, one.what)) : -1;
    if (place === -1) {
      said.push(one);
      continue;
    }
    const [text = ""] = texts.splice(place, 1);
    said.push({ who: "assistant text", what: text });
    findings.push(`${toldAsCall}${show(text)}`);
    index++;
  }
  return { said, findings };
}

/** Whether a text is that value, which is as `parseExact` gives it. */
function isWritten(text: string, value: unknown): boolean {
  try {
    return JSON.stringify(keysSorted(parseExact(text))) === JSON.stringify(keysSorted(value));
  } catch {
    return false;
  }
}
