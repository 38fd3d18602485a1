import { jsonLatin1 } from "../../json-text.ts";
import type { Lookup } from "../dialect.ts";

/** `GET /`: the server's name and version, and the paths of its endpoints. */
export function about(version: string, endpoints: readonly string[]): Lookup {
  return () => jsonLatin1({ name: "claude-max-api", version, endpoints });
}
