import { jsonBytes } from "../../json-text.ts";
import type { Lookup } from "../dialect.ts";

/** `GET /`: the server's name and version, and the paths of its endpoints. */
export function about(version: string, endpoints: readonly string[]): Lookup {
  return () => jsonBytes({ name: "claude-max-api", version, endpoints });
}
