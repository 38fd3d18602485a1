/** Which requests of the grammar the server has to take: those in which nothing is broken, by what the README says. */
import type { Sent } from "./chat-transcript.ts";

/** Of a whole chat request, or one in that form: whether the README names nothing in it as refused. */
export function mustBeTaken(request: Sent): boolean {
  const { messages, n, response_format: format } = request;
  const hasLink = JSON.stringify(messages).includes("https://");
  const lacksSchema = format?.type === "json_schema" && format.json_schema.schema == null;
  return !hasLink && n !== 2 && !lacksSchema && choosesWhatIsThere(request);
}

/** A choice of tools that are not there is refused. */
function choosesWhatIsThere({ tools, functions, tool_choice: choice, function_call: call }: Sent): boolean {
  const hasTools = tools?.length > 0;
  const chosen = !hasTools && call != null ? call : choice;
  if (chosen == null || chosen === "auto" || chosen === "none") return true;
  const offered: readonly string[] = hasTools
    ? tools.map((tool: Sent) => nameOf(tool["function"] ?? tool["custom"])) : (functions ?? []).map(nameOf);
  if (typeof chosen === "string") return offered.length > 0;
  const wanted: readonly Sent[] = chosen.allowed_tools?.tools ?? [chosen];
  return wanted.length > 0 && wanted.every((tool) => offered.includes(nameOf(tool["function"] ?? tool)));
}

const nameOf = ({ name }: Sent): string => name;
