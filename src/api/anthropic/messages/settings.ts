/** Parsers for what decides how the model answers. */

import { BridgeError } from "../../../errors.ts";
import type { Effort, Thinking, ThinkingDisplay, Turn } from "../../../turn/turn.ts";
import { answerSchemaSettings } from "../../answer-schema.ts";
import { type Fields, isAbsent, objectAt, optionalObject, optionalWholeNumber } from "../../check.ts";
import type { ToolNames } from "../../tool-names.ts";

/** The smallest thinking budget that the API takes, in tokens. */
const budgetTokensMin = 1_024;

/** A Set, not an object: a client may send the word `constructor`. */
const efforts: ReadonlySet<unknown> = new Set<Effort>(["low", "medium", "high", "xhigh", "max"]);

/** Parses `thinking`; undefined where the client says nothing of it. */
export function parseThinking(value: unknown): Thinking | undefined {
  const asked = optionalObject(value, "thinking");
  switch (asked?.["type"]) {
    case undefined:
      if (asked === undefined) return undefined;
      break;
    case "disabled": return { type: "disabled" };
    case "adaptive": return { type: "adaptive", ...displayIn(asked) };
    case "enabled": {
      const field = "thinking.budget_tokens";
      const budgetTokens = optionalWholeNumber(asked["budget_tokens"], field, budgetTokensMin);
      if (budgetTokens !== undefined) return { type: "enabled", budgetTokens, ...displayIn(asked) };
      throw new BridgeError("missing_field", `${field}: expected a whole number.`, { field });
    }
  }
  throw new BridgeError(
    "invalid_value", "thinking.type: expected enabled, adaptive or disabled.", { field: "thinking.type" },
  );
}

/** Reads `display`: how thoughts are shown; empty where the client does not say it. */
function displayIn({ display }: Fields): { readonly display?: ThinkingDisplay } {
  if (isAbsent(display)) return {};
  if (display === "summarized" || display === "omitted") return { display };
  const field = "thinking.display";
  throw new BridgeError("invalid_value", `${field}: expected summarized or omitted.`, { field });
}

/** Parses `output_config`, and `output_format`, in which earlier versions of the API had the format. */
export function parseOutput(
  fields: Fields, names: ToolNames,
): Pick<Turn, "effort" | "responseSchema" | "outputFormat"> {
  const config = optionalObject(fields["output_config"], "output_config");
  const format = isAbsent(config?.["format"])
    ? parseFormat(fields["output_format"], "output_format", names)
    : parseFormat(config["format"], "output_config.format", names);
  return { ...parseEffort(config?.["effort"], "output_config.effort"), ...format };
}

function parseEffort(value: unknown, field: string): Pick<Turn, "effort"> {
  if (isAbsent(value)) return {};
  if (efforts.has(value)) return { effort: value as Effort };
  throw new BridgeError("invalid_value", `${field}: expected low, medium, high, xhigh or max.`, { field });
}

function parseFormat(value: unknown, path: string, names: ToolNames): Pick<Turn, "responseSchema" | "outputFormat"> {
  const format = optionalObject(value, path);
  if (format === undefined) return {};
  if (format["type"] !== "json_schema") {
    throw new BridgeError("invalid_value", `${path}.type: expected json_schema.`, { field: `${path}.type` });
  }
  const given = objectAt(format["schema"], `${path}.schema`);
  return answerSchemaSettings(given, `${path}.schema`, names);
}
