/**
 * What the real Messages API refuses with a 400, as a pure function of the body. A stub that accepts everything hides
 * the bugs that users meet first. The sentences follow the API's own, as seen in its documentation and in reports.
 */
import { imageBytesNamed, imageDecodable, imageDimensions, imageMediaType, imageSize } from "./images.ts";
import { cacheMarks, maxTokens, promptLength } from "./lengths.ts";
import { readRequest, type Rule, type RuleLimits } from "./rule.ts";
import {
  samplingDeprecated,
  samplingRange,
  samplingWithThinking,
  stopSequences,
  temperatureOrTopP,
} from "./sampling.ts";
import { answerFormat, strictTools } from "./schemas.ts";
import { searchPaired } from "./searches.ts";
import { shape } from "./shape.ts";
import { blankText, emptyText, finalWhiteSpace, firstTurn, loneSurrogate, prefill } from "./text.ts";
import {
  clearThinking,
  thinkingBudget,
  thinkingNotLast,
  thinkingSigned,
  thinkingType,
  toolLoopThinking,
} from "./thinking.ts";
import { toolBlockRoles, toolIds, toolsDefined, unansweredCall, unexpectedResult } from "./tool-blocks.ts";
import { propertyNames, schemaDraft, schemaIsObject, schemaTopUnion } from "./tool-schemas.ts";
import { forcedCall, toolChoice, toolNames } from "./tools.ts";

export { signThinking } from "./thinking.ts";
export type { Rule, RuleLimits } from "./rule.ts";

/** All of them. A request that breaks several is refused by the first. */
export const rules: readonly Rule[] = [
  ...[loneSurrogate, shape, maxTokens],
  ...[toolNames, schemaIsObject, schemaTopUnion, schemaDraft, propertyNames, strictTools, toolChoice],
  ...[samplingDeprecated, temperatureOrTopP, samplingRange, stopSequences],
  ...[thinkingType, thinkingBudget, samplingWithThinking, forcedCall, clearThinking, answerFormat],
  ...[emptyText, blankText, toolIds, toolBlockRoles, firstTurn, prefill, finalWhiteSpace],
  ...[unansweredCall, unexpectedResult, toolsDefined, searchPaired],
  ...[thinkingSigned, thinkingNotLast, toolLoopThinking],
  ...[imageMediaType, imageSize, imageDecodable, imageBytesNamed, imageDimensions],
  ...[cacheMarks, promptLength],
];

export interface Breach {
  /** The rule's name. */
  readonly rule: string;
  /** The sentence with which the API refuses the request. */
  readonly message: string;
}

/** Of a request that the API would refuse, the first rule that it breaks; null when it would be taken. */
export function findBreach(body: unknown, text?: string, limits?: Partial<RuleLimits>): Breach | null {
  const request = readRequest(body, text, limits);
  for (const rule of rules) {
    const message = rule.find(request);
    if (message !== null) return { rule: rule.name, message };
  }
  return null;
}
