/** A header by which a server knows requests that come from the processes that it has itself started. */

type Environment = Readonly<Record<string, string>>;

/** The header in the requests of a server's own processes; no other server's has this value. */
export interface OwnMark { readonly name: string; readonly value: string }

const headerName = "x-claude-max-api-process";

/**
 * The mark of a server whose processes ask another address than the API's, which may be the server's own. Undefined
 * where they ask the API itself: it is told nothing of this server. `makeId` gives a new id.
 */
export function markFor(environment: Environment, makeId: () => string): OwnMark | undefined {
  return (environment["ANTHROPIC_BASE_URL"] ?? "") === "" ? undefined : { name: headerName, value: makeId() };
}

/** The environment with which the CLI sends the mark, beside the headers that the user wants it to send. */
export function markedEnvironment(environment: Environment, mark: OwnMark | undefined): Environment {
  if (mark === undefined) return environment;
  const name = "ANTHROPIC_CUSTOM_HEADERS";
  const others = (environment[name] ?? "").split("\n").filter((line) => line.trim() !== "");
  return { ...environment, [name]: [...others, `${mark.name}: ${mark.value}`].join("\n") };
}
